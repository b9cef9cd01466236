// All nodes and tensors. Only the rows in sight are in the page, so thousands cost nothing.
import { data, isLive, operatorOf, Role, stepCount, tensorCount, tensors, typeOf } from './data';
import { listen, soon } from './frames';
import { filterMap, liveSet } from './map';
import { byId, element, short } from './text';
import { view, watch } from './view';

interface Entry { kind: string; name: string; what: string; bytes: number; step: number; tensor: number; order: number; text: string }

const panel = byId<HTMLDetailsElement>('list'), rows = byId('rows'), found = byId('found'), query = byId<HTMLInputElement>('query'), kind = byId<HTMLSelectElement>('kind'), sort = byId<HTMLSelectElement>('sort');
const spare = 6;
let entries: Entry[] | null = null, matches: Entry[] = [];
const table = element('div', 'table');

export function startList(): void {
  table.setAttribute('role', 'table');
  table.setAttribute('aria-label', 'Nodes and tensors');
  rows.append(table);
  listen(panel, 'toggle', () => { if (panel.open) filter(); else filterMap(null); });
  listen(query, 'input', () => soon('filter', filter));
  listen(kind, 'change', () => filter());
  listen(sort, 'change', () => filter());
  listen(rows, 'scroll', () => soon('rows', draw));
  listen(window, 'resize', () => soon('rows', draw));
  watch(changed => { if (changed.has('step') && panel.open && kind.value === 'live') filter(); });
}

function allEntries(): Entry[] {
  const list: Entry[] = [];
  for (let step = 0; step < stepCount; step++)
    list.push({ kind: 'node', name: data.nodes[step], what: operatorOf(step), bytes: data.after[step] ?? 0, step, tensor: -1, order: 2 * step, text: '' });
  for (let tensor = 0; tensor < tensorCount; tensor++) {
    const role = tensors.role[tensor] === Role.input ? 'input' : tensors.role[tensor] === Role.output ? 'output' : 'tensor';
    list.push({ kind: role, name: tensors.name[tensor], what: typeOf(tensor), bytes: tensors.bytes[tensor], step: tensors.first[tensor], tensor, order: 2 * tensors.first[tensor] + 1, text: '' });
  }
  for (const entry of list) entry.text = `${entry.kind} ${entry.name} ${entry.what}`.toLowerCase();
  return list;
}

function filter(): void {
  entries ??= allEntries();
  const words = query.value.toLowerCase().split(/\s+/).filter(word => word), wanted = kind.value;
  const shows = (entry: Entry) => wanted === 'all' || (wanted === 'node' ? entry.tensor < 0 : entry.tensor >= 0 && (wanted !== 'live' || isLive(entry.tensor, view.step)));
  matches = entries.filter(entry => shows(entry) && words.every(word => entry.text.includes(word)));
  matches.sort(sort.value === 'bytes' ? (a, b) => b.bytes - a.bytes || a.order - b.order : (a, b) => a.order - b.order);
  found.textContent = matches.length === entries.length ? `${entries.length} in all` : `${matches.length} of ${entries.length}; the map above pales the others`;
  // What is sought is seen in the map too.
  filterMap(words.length === 0 && (wanted === 'all' || wanted === 'node') ? null : wanted === 'live' && words.length === 0 ? liveSet(view.step)
    : new Set(matches.flatMap(entry => entry.tensor >= 0 ? [entry.tensor] : madeAt(entry.step))));
  table.setAttribute('aria-rowcount', String(matches.length));
  rows.scrollTop = 0;
  draw();
}

/** Tensors that a step makes. */
function madeAt(step: number): number[] {
  const made: number[] = [];
  for (let tensor = 0; tensor < tensorCount; tensor++) if (tensors.writers[tensor]?.includes(step)) made.push(tensor);
  return made;
}

function draw(): void {
  if (!panel.open) return;
  const tall = parseFloat(getComputedStyle(rows).getPropertyValue('--row')) || 34;
  table.style.height = matches.length * tall + 'px';
  const first = Math.max(0, Math.floor(rows.scrollTop / tall) - spare), last = Math.min(matches.length, Math.ceil((rows.scrollTop + rows.clientHeight) / tall) + spare);
  table.replaceChildren(...matches.slice(first, last).map((entry, at) => drawRow(entry, first + at, tall)));
}

function drawRow(entry: Entry, index: number, tall: number): HTMLElement {
  const link = element('a', 'label name', element('bdi', '', entry.name));
  link.href = (entry.tensor >= 0 ? '#tensor=' + encodeURIComponent(entry.name) + '&' : '#') + 'step=' + (entry.step + 1);
  link.title = entry.name;
  const cells = [element('span', 'dim sort', entry.kind), element('span', 'label', link), element('span', 'what', entry.what), element('span', 'num', short(entry.bytes)), element('span', 'num dim', 'step ' + (entry.step + 1))];
  for (const cell of cells) cell.setAttribute('role', 'cell');
  const row = element('div', 'row', ...cells);
  row.setAttribute('role', 'row');
  row.setAttribute('aria-rowindex', String(index + 1));
  row.style.transform = `translateY(${index * tall}px)`;
  return row;
}
