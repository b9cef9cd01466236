// Search over nodes and tensors. Rows are drawn a page at a time, so that thousands of matches cost nothing.
const query = document.getElementById('query'), sort = document.getElementById('sort'), more = document.getElementById('more');
const resultsBody = document.querySelector('#results tbody'), found = document.getElementById('found');
const pageSize = 100;
let entries = null, matches = [], drawn = 0;

function allEntries() {
  const list = [];
  for (let step = 0; step < data.nodes.length; step++)
    list.push({ kind: 'node', name: data.nodes[step], what: operatorOf(step), bytes: data.after[step] ?? 0, step, order: 2 * step });
  for (let tensor = 0; tensor < tensorCount; tensor++) {
    const kind = tensors.role[tensor] === INPUT ? 'input' : tensors.role[tensor] === OUTPUT ? 'output' : 'tensor';
    list.push({ kind, name: tensors.name[tensor], what: typeOf(tensor), bytes: tensors.bytes[tensor], step: tensors.first[tensor], order: 2 * tensors.first[tensor] + 1 });
  }
  for (const entry of list) entry.text = (entry.kind + ' ' + entry.name + ' ' + entry.what).toLowerCase();
  return list;
}

function search() {
  entries ??= allEntries();
  const words = query.value.toLowerCase().split(/\s+/).filter(word => word);
  matches = entries.filter(entry => words.every(word => entry.text.includes(word)));
  matches.sort(sort.value === 'bytes' ? (a, b) => b.bytes - a.bytes || a.order - b.order : (a, b) => a.order - b.order);
  found.textContent = words.length ? matches.length + ' of ' + entries.length : entries.length + ' in all';
  drawn = 0;
  resultsBody.replaceChildren();
  drawMore();
}

function drawMore() {
  const end = Math.min(matches.length, drawn + pageSize), rows = [];
  for (; drawn < end; drawn++) rows.push(resultRow(matches[drawn]));
  resultsBody.append(...rows);
  more.hidden = drawn >= matches.length;
  more.textContent = 'Show more (' + (matches.length - drawn) + ')';
}

function resultRow(entry) {
  const made = element('tr', '', element('td', 'dim', entry.kind), element('td', '', name(entry.name)), element('td', '', entry.what),
    element('td', 'num', short(entry.bytes)), element('td', 'num', String(entry.step)));
  made.tabIndex = 0;
  made.title = entry.kind === 'node' ? 'Bytes live while it runs. Enter or click: show this step' : 'Enter or click: show the step it is made in';
  const go = () => { pin(entry.step); document.getElementById('profile').scrollIntoView({ block: 'center' }); };
  made.addEventListener('click', go);
  made.addEventListener('keydown', event => { if (event.key === 'Enter') go(); });
  return made;
}

query.addEventListener('input', search);
sort.addEventListener('change', search);
more.addEventListener('click', drawMore);

