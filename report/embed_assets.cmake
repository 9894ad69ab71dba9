# Writes OUT, a C++ file that holds every asset of the report as bytes. Run with ASSETS, VEGA, MODULES, OUT.

# Text between <script> tags must not end them.
function(refuse_script_end name text)
  if(text MATCHES "</[sS][cC][rR][iI][pP][tT]" OR text MATCHES "<!--")
    message(FATAL_ERROR "${name} holds a sequence that ends or hides a <script> element")
  endif()
endfunction()

function(append_bytes name file)
  file(READ "${file}" hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(REPEAT "0x..," 16 line)
  string(REGEX REPLACE "(${line})" "\\1\n" bytes "${bytes}")
  file(APPEND "${OUT}.tmp" "const unsigned char k_${name}[] = {\n${bytes}0x00};\n")
  set(accessors "${accessors}std::string_view asset_${name}() { return view(k_${name}, sizeof(k_${name}) - 1); }\n" PARENT_SCOPE)
endfunction()

file(READ "${ASSETS}/vega_license.txt" license)
file(READ "${ASSETS}/modules.js" loader)
set(bundle "/*! Vega (https://vega.github.io)\n${license}*/\n${loader}\n")
foreach(module IN LISTS MODULES)
  file(READ "${VEGA}/vega-${module}.min.js" text)
  string(REGEX REPLACE "//# sourceMappingURL=[^\n]*" "" text "${text}")
  set(name "vega-${module}")
  if(module STREQUAL "selection")
    set(name "vega-selections")  # what the others require it as
  endif()
  string(APPEND bundle "defineModule('${name}',function(exports,module,require,define){\n${text}\n});\n")
endforeach()
refuse_script_end("Vega" "${bundle}")
file(WRITE "${OUT}.vega" "${bundle}")

# Joins scripts of the report into one file, OUT.<name>.
function(join_scripts name)
  set(joined "")
  foreach(script IN LISTS ARGN)
    file(READ "${ASSETS}/${script}.js" text)
    string(APPEND joined "${text}\n")
  endforeach()
  refuse_script_end("the report's scripts" "${joined}")
  file(WRITE "${OUT}.${name}" "${joined}")
endfunction()
join_scripts(scripts charts cards browse)
join_scripts(pairs_scripts charts surprise pairs)

set(accessors "")
file(WRITE "${OUT}.tmp" "#include \"physprobe/report/assets.h\"\n\nnamespace physprobe {\nnamespace {\n\n")
append_bytes(page "${ASSETS}/page.html")
append_bytes(css "${ASSETS}/report.css")
append_bytes(vega "${OUT}.vega")
append_bytes(scripts "${OUT}.scripts")
append_bytes(pairs_page "${ASSETS}/pairs.html")
append_bytes(pairs_scripts "${OUT}.pairs_scripts")
append_bytes(accuracy_chart "${ASSETS}/charts/accuracy.json")
append_bytes(layers_chart "${ASSETS}/charts/layers.json")
append_bytes(difference_chart "${ASSETS}/charts/difference.json")
append_bytes(angles_chart "${ASSETS}/charts/angles.json")
append_bytes(surprise_chart "${ASSETS}/charts/surprise.json")
file(APPEND "${OUT}.tmp" "
std::string_view view(const unsigned char* bytes, std::size_t size) {
  return std::string_view(reinterpret_cast<const char*>(bytes), size);
}

}  // namespace

${accessors}
}  // namespace physprobe
")
file(RENAME "${OUT}.tmp" "${OUT}")
