// The map of tensors. The build drew it in steps and parts of the peak; here the part that is seen is moved, and its tensors answer.
import { range, ticks } from 'd3-array';
import { axisBottom } from 'd3-axis';
import { scaleLinear } from 'd3-scale';
import { select } from 'd3-selection';
import { isLive, placeOf, tensorCount, tensors, typeOf, usesAfter } from './data';
import { listen, soon } from './frames';
import { describeStep, Plot, showTip } from './plot';
import { bold, byId, Content, exact, full, name } from './text';
import { remember, set, view, watch } from './view';

/** Of several memories each has a picture of its own; all show the same steps. */
const maps = [...byId('map').querySelectorAll('.plot')].map(element => {
  const plot = new Plot(element);
  return {
    plot,
    units: plot.shapes.viewBox.baseVal.height,
    steps: plot.frame.querySelector<SVGGElement>('g.steps')!,
    labels: [...plot.frame.querySelectorAll<SVGSVGElement>('g.labels > svg')].map(svg => ({ svg, from: Number(svg.dataset.from), to: Number(svg.dataset.to) })),
  };
});
const shapesOf = new Map<number, Element[]>();
const readable = 46;

export function startMap(): void {
  for (const { plot, steps } of maps) {
    // The axis that the build drew shows the whole schedule.
    steps.replaceChildren();
    for (const shape of plot.shapes.querySelectorAll<SVGElement>('[data-t]')) {
      const tensor = Number(shape.dataset.t), known = shapesOf.get(tensor);
      if (known) known.push(shape); else shapesOf.set(tensor, [shape]);
    }
    listen(plot.frame, 'pointermove', event => soon('map hover', () => hover(plot, event as PointerEvent)));
    listen(plot.frame, 'pointerleave', () => { showTip(null); mark('hover', -1); });
    listen(plot.frame, 'click', event => {
      const tensor = tensorOf(event), step = plot.stepAt(event as MouseEvent, view.from, view.to);
      if (step >= 0) set({ step, tensor });
      remember();
    });
  }
  listen(window, 'resize', () => soon('map size', show));
  show();
  watch(changed => {
    if (changed.has('from') || changed.has('to')) show(); else if (changed.has('step')) mark('step', view.step);
    if (changed.has('tensor')) choose();
  });
}

/** Puts a line at a step, in every picture. */
function mark(which: 'hover' | 'step', step: number): void {
  for (const { plot } of maps) plot.mark(which, step, view.from, view.to);
}

/** Pales every tensor that is not among these; none pales none. */
export function filterMap(wanted: Set<number> | null): void {
  for (const [tensor, shapes] of shapesOf)
    for (const shape of shapes) shape.classList.toggle('off', wanted !== null && !wanted.has(tensor));
}

function show(): void {
  for (const map of maps) showSteps(map);
  mark('step', view.step);
}

function showSteps({ plot, units, steps, labels }: typeof maps[number]): void {
  const { from, to } = view, width = plot.width, count = to - from;
  plot.shapes.setAttribute('viewBox', `${from} 0 ${count} ${units}`);
  const x = scaleLinear([from - 0.5, to - 0.5], [0, 100]);
  // Steps are whole, and counted from 1.
  const wanted = Math.max(2, Math.min(10, Math.floor(width / 80)));
  const values = count <= wanted ? range(from, to) : ticks(from + 1, to, wanted).filter(Number.isInteger).map(step => step - 1);
  if (from === 0 && values[0] > 0) values.unshift(0);
  select(steps).call(axisBottom(x).tickValues(values).tickFormat(step => String(Number(step) + 1)).tickSize(0));
  // Places are parts of the width, so that they hold when it changes.
  for (const tick of steps.querySelectorAll<SVGGElement>('.tick')) {
    const step = Number((tick as unknown as { __data__: number }).__data__), text = tick.querySelector('text')!;
    tick.removeAttribute('transform');
    tick.querySelector('line')?.remove();
    for (const [key, value] of [['x', x(step) + '%'], ['y', '100%'], ['dy', '17']]) text.setAttribute(key, value);
  }
  steps.querySelector('.domain')?.remove();
  for (const label of labels) {
    const start = Math.max(label.from, from), end = Math.min(label.to, to), pixels = (end - start) / count * width;
    label.svg.classList.toggle('narrow', pixels < readable);
    if (pixels < readable) continue;
    label.svg.setAttribute('x', 100 * (start - from) / count + '%');
    label.svg.setAttribute('width', 100 * (end - start) / count + '%');
  }
}

function tensorOf(event: Event): number {
  const shape = (event.target as Element).closest<SVGElement>('[data-t]');
  return shape ? Number(shape.dataset.t) : -1;
}

function hover(plot: Plot, event: PointerEvent): void {
  const step = plot.stepAt(event, view.from, view.to), tensor = tensorOf(event);
  mark('hover', step);
  showTip(step < 0 ? null : tensor < 0 ? describeStep(step) : describeTensor(tensor, step), event);
}

function describeTensor(tensor: number, step: number): Content[][] {
  const lines: Content[][] = [[name(tensors.name[tensor])], [bold(full(tensors.bytes[tensor])), ' ', typeOf(tensor)]];
  const place = placeOf(tensor);
  if (place) {
    const { memory, offset } = place.moves && place.moves.step <= step ? place.moves : place;
    lines.push([`${memory ? memory + ', ' : ''}offset ${exact(offset)} to ${exact(offset + tensors.bytes[tensor])}`]);
  }
  lines.push([`live from step ${tensors.first[tensor] + 1} to ${tensors.last[tensor] + 1}`]);
  const uses = usesAfter(tensor, step);
  if (uses.readers.length > 0) lines.push([`next needed at step ${uses.readers[0] + 1}`]);
  else if (uses.reusedAt >= 0) lines.push([`held for step ${uses.reusedAt + 1}, which writes into it again`]);
  return lines;
}

let chosen: Element[] = [];
function choose(): void {
  for (const shape of chosen) shape.classList.remove('chosen');
  chosen = (shapesOf.get(view.tensor) ?? []).filter(shape => !shape.classList.contains('held'));
  for (const shape of chosen) {
    shape.classList.add('chosen');
    // In front, so that its outline is whole.
    shape.parentNode!.append(shape);
  }
}

/** Tensors that are live at a step. */
export function liveSet(step: number): Set<number> {
  const live = new Set<number>();
  for (let tensor = 0; tensor < tensorCount; tensor++) if (isLive(tensor, step)) live.add(tensor);
  return live;
}
