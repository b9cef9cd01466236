// Bytes as people read them: the same rules as the tool's own text.
const units = [['GiB', 2 ** 30], ['MiB', 2 ** 20], ['KiB', 2 ** 10]];

function short(bytes) {
  for (const [unit, size] of units)
    if (Math.abs(bytes) >= size) return (bytes / size).toFixed(1).replace(/\.0$/, '') + ' ' + unit;
  return bytes + ' B';
}

function exact(number) { return String(number).replace(/\B(?=(\d{3})+$)/g, ','); }

function full(bytes) { return bytes + (bytes === 1 ? ' byte' : ' bytes') + (Math.abs(bytes) < 1024 ? '' : ' (' + short(bytes) + ')'); }

// An element with text; strings from the model only ever become text.
function element(tag, className, ...content) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...content);
  return made;
}

function name(text) { return element('bdi', 'name', text); }

