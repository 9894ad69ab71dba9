// The least that Vega's CommonJS modules need: each is run once, in order of dependence, and found by its name.
'use strict';
const vegaModules = Object.create(null);
function defineModule(name, body) {
  const module = {exports: {}};
  const require = (wanted) => {
    if (!(wanted in vegaModules)) throw new Error(name + ' needs the module ' + wanted);
    return vegaModules[wanted];
  };
  body(module.exports, module, require, undefined);
  vegaModules[name] = module.exports;
}
