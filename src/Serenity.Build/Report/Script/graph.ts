// The part of the graph that explains a step: who made what is live there, and who reads it next.
import dagre from '@dagrejs/dagre';
import { data, liveAt, operatorOf, stepCount, tensors, usesAfter, writersAt } from './data';
import { timed } from './frames';
import { byId, drawing, short } from './text';
import { view, watch } from './view';

const place = byId('graph'), lead = byId('graph-lead');
const mostTensors = 14, boxWidth = 150, boxHeight = 44;
let shown = -1, waiting = 0, seen = false;

export function startGraph(): void {
  // Laid out when it comes into sight, and when the step has come to rest.
  new IntersectionObserver(entries => {
    seen = entries.some(entry => entry.isIntersecting);
    if (seen) later();
  }, { rootMargin: '300px' }).observe(place);
  watch(changed => { if (changed.has('step')) later(); });
}

function later(): void {
  clearTimeout(waiting);
  waiting = window.setTimeout(() => { if (seen && shown !== view.step) timed('graph', () => show(view.step)); }, 120);
}

function show(step: number): void {
  shown = step;
  if (stepCount === 0) return;
  const live = liveAt(step), graph = new dagre.graphlib.Graph({ multigraph: true });
  graph.setGraph({ rankdir: 'LR', nodesep: 14, ranksep: 60, marginx: 8, marginy: 8 });
  graph.setDefaultEdgeLabel(() => ({}));
  const add = (at: number) => { if (!graph.hasNode(String(at))) graph.setNode(String(at), { width: boxWidth, height: boxHeight }); };
  add(step);
  for (const tensor of live.slice(0, mostTensors)) {
    const writers = writersAt(tensor, step) ?? [], uses = usesAfter(tensor, step);
    const from = writers.length ? writers[writers.length - 1] : -1;
    if (from >= 0) add(from);
    for (const reader of [...uses.readers.slice(0, 2), ...(uses.reusedAt >= 0 ? [uses.reusedAt] : [])]) {
      add(reader);
      if (from >= 0 && from !== reader) graph.setEdge(String(from), String(reader), { tensor, held: uses.readers.length === 0, width: 58, height: 14, labelpos: 'c' }, String(tensor));
    }
  }
  dagre.layout(graph);
  lead.textContent = `Step ${step + 1}, the nodes that made the ${Math.min(live.length, mostTensors)} ${live.length > mostTensors ? `largest of ${live.length} ` : ''}live tensors, and those that read them next. A box leads to its step.`;
  const { width = 0, height = 0 } = graph.graph();
  const svg = drawing('svg', { width, height, viewBox: `0 0 ${width} ${height}`, role: 'group', 'aria-label': `Nodes around step ${step + 1}` });
  for (const edge of graph.edges()) svg.append(...drawEdge(graph.edge(edge) as unknown as Edge));
  for (const id of graph.nodes()) svg.append(drawNode(Number(id), graph.node(id) as { x: number; y: number }, step));
  place.replaceChildren(svg);
  place.scrollLeft = (graph.node(String(step)) as { x: number }).x - place.clientWidth / 2;
}

interface Edge { points: { x: number; y: number }[]; x?: number; y?: number; tensor: number; held: boolean }

function drawEdge(edge: Edge): SVGElement[] {
  const line = drawing('path', { class: edge.held ? 'edge held' : 'edge', d: 'M' + edge.points.map(point => `${point.x.toFixed(1)} ${point.y.toFixed(1)}`).join('L') });
  line.setAttribute('stroke-width', String(Math.max(1, Math.min(6, 6 * tensors.bytes[edge.tensor] / Math.max(1, data.after[shown])))));
  return edge.x === undefined ? [line] : [line, drawing('text', { class: 'tag', x: edge.x, y: edge.y! }, short(tensors.bytes[edge.tensor]))];
}

function drawNode(at: number, where: { x: number; y: number }, step: number): SVGElement {
  const left = where.x - boxWidth / 2, top = where.y - boxHeight / 2, node = data.nodes[at], tail = node.length > 20 ? '…' + node.slice(-19) : node;
  return drawing('a', { href: '#step=' + (at + 1), class: at === step ? 'box now' : 'box' },
    drawing('title', {}, node),
    drawing('rect', { x: left, y: top, width: boxWidth, height: boxHeight, rx: 6 }),
    drawing('text', { x: where.x, y: where.y - 9 }, `${operatorOf(at).split('.').pop() || 'node'}, step ${at + 1}`),
    drawing('text', { x: where.x, y: where.y + 9 }, tail));
}
