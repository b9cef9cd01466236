// Memory over the whole schedule: a brush chooses the range that the map shows, a click a step.
import { brushX, BrushBehavior, D3BrushEvent } from 'd3-brush';
import { select, Selection } from 'd3-selection';
import { stepCount } from './data';
import { listen, soon, timed } from './frames';
import { describeStep, Plot, showTip } from './plot';
import { byId } from './text';
import { remember, set, showAll, view, watch } from './view';

const plot = new Plot(byId('profile'));
const steps = Math.max(1, stepCount);
let brush: BrushBehavior<unknown>;
let layer: Selection<SVGGElement, unknown, null, undefined>;
let width = 0;
// Where the brush was set by the script, its events tell nothing new.
let ours = false;

export function startProfile(): void {
  layer = select(plot.frame).append('g').attr('class', 'brush');
  layOut();
  listen(window, 'resize', () => soon('profile size', layOut));
  listen(plot.frame, 'pointermove', event => hover(event as PointerEvent));
  listen(plot.frame, 'pointerleave', () => { showTip(null); plot.mark('hover', -1, 0, steps); });
  listen(plot.frame, 'dblclick', () => { showAll(); remember(); });
  plot.mark('step', view.step, 0, steps);
  watch(changed => {
    if (changed.has('step')) plot.mark('step', view.step, 0, steps);
    if (changed.has('from') || changed.has('to')) showRange();
  });
  const side = document.getElementById('side');
  if (side) listen(side, 'click', () => {
    const apart = side.getAttribute('aria-pressed') !== 'true';
    side.setAttribute('aria-pressed', String(apart));
    byId('beside').hidden = !apart;
    byId('profile').hidden = apart;
    if (!apart) layOut();
  });
}

function layOut(): void {
  if (plot.width === 0 || plot.width === width) return;
  width = plot.width;
  brush = brushX<unknown>().extent([[0, 0], [width, plot.height]]).handleSize(8)
    .on('brush', event => timed('brush', () => brushed(event)))
    .on('end', event => timed('brush', () => ended(event)));
  layer.call(brush);
  showRange();
}

function showRange(): void {
  if (!layer) return;
  const whole = view.to - view.from >= steps, place = (step: number) => step / steps * width;
  ours = true;
  brush.move(layer, whole ? null : [place(view.from), place(view.to)]);
  ours = false;
}

function brushed(event: D3BrushEvent<unknown>): void {
  if (ours || !event.selection) return;
  const [from, to] = event.selection as [number, number];
  // While it is dragged the brush stays where the pointer has it; the map shows whole steps.
  set({ from: from / width * steps, to: to / width * steps });
}

function ended(event: D3BrushEvent<unknown>): void {
  if (ours || !event.sourceEvent) return;
  if (!event.selection) {
    const step = plot.stepAt(event.sourceEvent as PointerEvent, 0, steps);
    if (step >= 0) set({ step });
    showAll();
  }
  remember();
}

function hover(event: PointerEvent): void {
  soon('profile hover', () => {
    const step = plot.stepAt(event, 0, steps);
    plot.mark('hover', step, 0, steps);
    // With a button down a range is being chosen, and the note would be in the way.
    showTip(step < 0 || event.buttons ? null : describeStep(step), event);
  });
}
