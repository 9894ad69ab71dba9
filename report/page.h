#pragma once
// The whole page from its parts: fills the slots of a template (assets/page.html unless told
// otherwise) and states, in a content security policy, that nothing but the page's own two scripts
// runs and nothing is fetched. Internal.

#include <map>
#include <string>
#include <string_view>

namespace physprobe {

/// A page's template and its own script; style sheet and Vega are shared.
struct PageKind {
  std::string_view name;  ///< The template's file, for messages.
  std::string_view page;
  std::string_view scripts;
};

/// The page of a run over videos.
PageKind run_page();
/// The page of minimal-pair scores.
PageKind pairs_page();

/// A script's place in a content security policy: 'sha256-…', with the quotes.
std::string csp_hash(std::string_view script);

/// Replaces every {{name}} of the template once; throws Error(kInternal) for a slot without text.
std::string compose_page(const std::map<std::string, std::string>& slots,
                         const PageKind& kind = run_page());

}  // namespace physprobe
