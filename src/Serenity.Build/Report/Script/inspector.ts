// In words: what is live at the step that is looked at, and the tensor that was clicked.
import { data, liveAt, operatorOf, Role, sharing, stepCount, tensors, typeOf, usesAfter, writersAt, heldAt, isLive, placeOf, roots } from './data';
import { listen } from './frames';
import { byId, Content, dim, drawing, element, exact, full, listed, name, short } from './text';
import { remember, set, view, watch } from './view';

const live = byId('live'), lead = byId('live-lead'), title = byId('h-live'), card = byId('tensor'), facts = byId('tensor-facts');
const open = 8, most = 200, several = 12;

export function startInspector(): void {
  // What the build wrote of the peak stays; its tensors become links.
  for (const found of live.querySelectorAll('td:first-child > .name')) {
    const tensor = tensors.name.indexOf(found.textContent!);
    if (tensor >= 0) found.replaceWith(tensorLink(tensor));
  }
  const peak = { title: title.textContent!, lead: [...lead.childNodes], rows: [...live.childNodes] };
  let shown = view.step;
  watch(changed => {
    if (changed.has('step') && view.step !== shown) {
      shown = view.step;
      if (shown === data.peakStep) {
        title.textContent = peak.title;
        lead.replaceChildren(...peak.lead);
        live.replaceChildren(...peak.rows);
      } else {
        showLive(shown);
      }
    }
    if (changed.has('tensor') || (changed.has('step') && view.tensor >= 0)) showTensor();
  });
  listen(byId('close-tensor'), 'click', () => { set({ tensor: -1 }); remember(); });
  showTensor();
}

function showLive(step: number): void {
  const total = data.after[step] ?? 0, tensorsHere = liveAt(step), sum = tensorsHere.reduce((all, tensor) => all + tensors.bytes[tensor], 0);
  title.textContent = 'What is live at step ' + (step + 1);
  lead.replaceChildren(`Step ${step + 1} of ${stepCount}, `, name(data.nodes[step] ?? ''), operatorOf(step) ? ` (${operatorOf(step)})` : '', `: ${full(total)} allocated.`);
  const rows = tensorsHere.slice(0, most).map(tensor => row(tensors.bytes[tensor], total, [tensorLink(tensor), ' ', element('span', 'dim small', typeOf(tensor))], madeBy(tensor, step), neededBy(tensor, step)));
  if (tensorsHere.length > most) rows.push(row(bytesOf(tensorsHere.slice(most)), total, [dim(tensorsHere.length - most + ' smaller ones')], [], []));
  if (total > sum) rows.push(row(total - sum, total, [dim('scratch and rounding')], [], []));
  live.replaceChildren(table(rows.slice(0, open)));
  if (rows.length > open)
    live.append(element('details', '', element('summary', '', `${tensorsHere.length - open} smaller, ${short(bytesOf(tensorsHere.slice(open)))} together`), table(rows.slice(open))));
}

function bytesOf(some: number[]): number { return some.reduce((sum, tensor) => sum + tensors.bytes[tensor], 0); }

function table(rows: HTMLElement[]): HTMLElement {
  const heads = ['Tensor', 'Bytes', 'Share', 'Made by', 'Still needed by'].map((text, at) => element('th', at === 1 ? 'num' : '', text));
  return element('table', 'cards', element('thead', '', element('tr', '', ...heads)), element('tbody', '', ...rows));
}

function row(bytes: number, total: number, label: Content[], made: Content[], needed: Content[]): HTMLElement {
  const part = (100 * bytes / Math.max(1, total)).toFixed(1).replace(/\.0$/, '');
  const bar = drawing('svg', { class: 'share', viewBox: '0 0 100 10', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    drawing('rect', { class: 'track', width: 100, height: 10 }), drawing('rect', { class: 'used', width: part, height: 10 }));
  const cells = [element('td', '', ...label), element('td', 'num', short(bytes)), element('td', 'share', bar, ` ${part} %`), element('td', '', ...made), element('td', '', ...needed)];
  cells[1].title = exact(bytes) + ' bytes';
  ['', 'Bytes', 'Share', 'Made by', 'Still needed by'].forEach((text, at) => { if (text) cells[at].dataset.label = text; });
  return element('tr', '', ...cells);
}

export function tensorLink(tensor: number): HTMLElement {
  const link = element('a', 'name', element('bdi', '', tensors.name[tensor]));
  link.href = '#tensor=' + encodeURIComponent(tensors.name[tensor]) + '&step=' + (isLive(tensor, view.step) ? view.step + 1 : tensors.first[tensor] + 1);
  return link;
}

function stepLink(step: number): HTMLElement {
  const link = element('a', 'step', 'step ' + (step + 1));
  link.href = '#step=' + (step + 1);
  return link;
}

function node(step: number): Content[] { return step >= 0 && step < stepCount ? [name(data.nodes[step]), ' ', stepLink(step)] : []; }

function madeBy(tensor: number, step: number): Content[] {
  const writers = writersAt(tensor, step);
  if (!writers) return [];
  if (writers.length === 0) return ['the caller'];
  return writers.length > 1 ? [...node(writers[0]), ' ', dim(`and ${writers.length - 1} more that add into it`)] : node(writers[0]);
}

function neededBy(tensor: number, step: number): Content[] {
  if (tensors.readers[tensor] === null) return [];
  const uses = usesAfter(tensor, step);
  const parts = uses.readers.slice(0, 3).map(reader => reader === step ? ['this step'] as Content[] : node(reader));
  if (uses.readers.length > 3) parts.push([dim(uses.readers.length - 3 + ' more')]);
  if (uses.output) parts.push(['the caller']);
  if (uses.reusedAt >= 0) parts.push(['nobody; kept for ', ...node(uses.reusedAt)]);
  return parts.length ? listed(parts) : ['nobody'];
}

function showTensor(): void {
  const tensor = view.tensor;
  card.hidden = tensor < 0;
  if (tensor < 0) return;
  const list = element('dl', 'facts');
  const fact = (term: string, ...content: Content[]) => list.append(element('dt', '', term), element('dd', '', ...content));
  fact('Name', name(tensors.name[tensor]));
  fact('Size', full(tensors.bytes[tensor]), typeOf(tensor) ? ', ' + typeOf(tensor) : '', tensors.role[tensor] === Role.input ? ', an input of the model' : tensors.role[tensor] === Role.output ? ', an output of the model' : '');
  fact('Live', 'from ', stepLink(tensors.first[tensor]), ' to ', stepLink(tensors.last[tensor]), `, ${tensors.last[tensor] - tensors.first[tensor] + 1} of ${stepCount} steps`);
  const place = placeOf(tensor);
  if (place) {
    const at = (where: { memory: string; offset: number }) => `${where.memory ? where.memory + ', ' : ''}bytes ${exact(where.offset)} to ${exact(where.offset + tensors.bytes[tensor])}`;
    fact('Lies in', at(place), ...(place.moves ? ['; moves before ', stepLink(place.moves.step), ' to ', at(place.moves)] : []));
  }
  const writers = tensors.writers[tensor];
  if (writers) fact('Made by', ...(tensors.role[tensor] === Role.input || writers.length === 0 ? ['the caller'] : several1(writers)));
  const readers = tensors.readers[tensor];
  if (readers) fact('Read by', ...(readers.length ? several1(readers) : ['nobody']));
  const others = sharing(tensor);
  if (others.length) fact('Shares its buffer with', ...listed(others.slice(0, several).map(other => [tensorLink(other)])), others.length > several ? dim(` and ${others.length - several} more`) : '');
  fact(`Why it is held at step ${view.step + 1}`, ...why(tensor, view.step));
  facts.replaceChildren(list);
}

function several1(steps: number[]): Content[] {
  const parts = steps.slice(0, several).map(node);
  if (steps.length > several) parts.push([dim(steps.length - several + ' more')]);
  return listed(parts);
}

function why(tensor: number, step: number): Content[] {
  if (!isLive(tensor, step)) return [step < tensors.first[tensor] ? 'It is not: it is made later.' : 'It is not: it was freed after its last use.'];
  if (tensors.role[roots[tensor]] === Role.input && !data.countsInputs) return ['It is the caller’s own memory.'];
  const holder = heldAt(tensor, step);
  if (holder !== tensor) return ['Its own content is needed no more, or not there yet: the buffer holds ', tensorLink(holder), '. ', ...why(holder, step)];
  const uses = usesAfter(tensor, step), later = uses.readers.filter(reader => reader > step);
  if (later.length) return ['It is still read by ', ...node(later[0]), later.length > 1 ? ` and ${later.length - 1} later` : '', '.'];
  if (uses.readers.length) return ['This step reads it; it is free after that.'];
  if (uses.output) return ['It is an output: the caller gets it at the end.'];
  if (uses.reusedAt >= 0) return ['Nobody needs what is in it; ONNX Runtime keeps the buffer for ', ...node(uses.reusedAt), ', which writes a tensor of the same size into it.'];
  return tensors.writers[tensor]?.includes(step) ? ['This step makes it.'] : ['Nobody needs it any more.'];
}
