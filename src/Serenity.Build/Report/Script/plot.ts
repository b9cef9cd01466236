// What both pictures share: from pointer to step, the lines at a step, and the note beside the pointer.
import { byId, Content, drawing, element } from './text';
import { data, operatorOf, stepCount } from './data';
import { bold, name, short } from './text';

/** A picture that the build drew; scripts add to it and move what is seen. */
export class Plot {
  readonly frame: SVGSVGElement;
  readonly shapes: SVGSVGElement;
  private readonly lines: Record<'hover' | 'step', SVGLineElement>;

  constructor(element: Element) {
    this.frame = element.querySelector<SVGSVGElement>('svg.frame')!;
    this.shapes = this.frame.querySelector<SVGSVGElement>('svg.shapes')!;
    this.lines = { hover: this.line('cursor hover'), step: this.line('cursor') };
  }

  get width(): number { return this.frame.clientWidth || this.frame.getBoundingClientRect().width; }
  get height(): number { return this.frame.clientHeight || this.frame.getBoundingClientRect().height; }

  /** The step under a pointer, of those from one to another; -1 beside the picture. */
  stepAt(event: PointerEvent | MouseEvent, from: number, to: number): number {
    const box = this.frame.getBoundingClientRect(), part = (event.clientX - box.left) / box.width;
    return part < 0 || part >= 1 ? -1 : Math.min(to - 1, Math.floor(from + part * (to - from)));
  }

  /** Puts a line at a step; none if it is out of sight. */
  mark(which: 'hover' | 'step', step: number, from: number, to: number): void {
    const line = this.lines[which], place = 100 * (step + 0.5 - from) / (to - from);
    line.setAttribute('visibility', step >= 0 && place >= 0 && place <= 100 ? 'visible' : 'hidden');
    line.setAttribute('x1', place + '%');
    line.setAttribute('x2', place + '%');
  }

  private line(className: string): SVGLineElement {
    const line = drawing('line', { class: className, y1: 0, y2: '100%', visibility: 'hidden' });
    this.frame.append(line);
    return line;
  }
}

const tip = byId('tip');

/** A note beside the pointer; none to hide it. */
export function showTip(lines: Content[][] | null, event?: MouseEvent): void {
  tip.hidden = !lines;
  if (!lines || !event) return;
  tip.replaceChildren(...lines.map(line => element('div', '', ...line)));
  const { clientX: x, clientY: y } = event;
  tip.style.left = (x > innerWidth / 2 ? Math.max(4, x - 14 - tip.offsetWidth) : x + 14) + 'px';
  tip.style.top = (y > innerHeight / 2 ? Math.max(4, y - 10 - tip.offsetHeight) : y + 16) + 'px';
}

/** What there is to say of a step. */
export function describeStep(step: number): Content[][] {
  const lines: Content[][] = [[bold('Step ' + (step + 1)), ' of ' + stepCount + ' ', operatorOf(step)], [name(data.nodes[step] ?? '')]];
  if (step < data.after.length) lines.push(['optimized: ', bold(short(data.after[step]))]);
  if (data.before.length) {
    const before = Math.min(data.before.length - 1, Math.floor((step + 0.5) / stepCount * data.before.length));
    lines.push([`source, its step ${before + 1} of ${data.before.length}: `, bold(short(data.before[before]))]);
  }
  return lines;
}
