// The lists of contract cases, as every Node client reads them.
'use strict';
const fs = require('fs');

/// [{name, steps: [{which, text, parameters}]}] of a .cases file.
exports.read = path => {
  const all = [];
  for (let line of fs.readFileSync(path, 'utf8').split('\n')) {
    if (line.startsWith('== ')) {
      all.push({name: line.slice(3), steps: []});
    } else if (line && !line.startsWith('#')) {
      const which = line.startsWith('b> ') ? 'b' : 'a';
      const [text, parameters] = (which === 'b' ? line.slice(3) : line).split(' ~ ');
      all[all.length - 1].steps.push({which, text, parameters: parameters && JSON.parse(parameters)});
    }
  }
  return all;
};

/// Splits at blanks; "..." keeps them together.
exports.words = text =>
    text.split('"').flatMap((part, i) => i % 2 ? [part] : part.split(/\s+/).filter(word => word));

exports.report = (name, results) =>
    console.log(name + '\t' + results.map(one => String(one).replace(/\n/g, '\\n')).join(' ; '));
