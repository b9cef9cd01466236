// The model's numbers, as the build wrote them into the page, and questions about them.

/** Columns of the tensors; a step or a tensor is a number from 0. Null writers or readers: not known, which is not the same as nobody. */
interface TensorColumns {
  name: string[];
  bytes: number[];
  offset?: number[];
  /** Of a plan over several memories: their names, in which each tensor lies (-1: none of its own), and its move: the step before which it happens, memory, offset. */
  memories?: string[];
  memory?: number[];
  move?: ([number, number, number] | null)[];
  first: number[];
  last: number[];
  role: number[];
  alias: number[];
  parts: (number[] | null)[];
  types: string[];
  type: number[];
  writers: (number[] | null)[];
  readers: (number[] | null)[];
}

interface ReportData {
  executor: string;
  countsInputs: boolean;
  hasOffsets: boolean;
  peakStep: number;
  nodes: string[];
  ops: string[];
  op: number[];
  after: number[];
  before: number[];
  tensors: TensorColumns;
}

export const data: ReportData = JSON.parse(document.getElementById('data')!.textContent!);
export const tensors = data.tensors;
export const tensorCount = tensors.name.length;
export const stepCount = data.nodes.length;
export const Role = { activation: 0, input: 1, output: 2 } as const;

export function operatorOf(step: number): string { return step < data.op.length ? data.ops[data.op[step]] : ''; }
export function typeOf(tensor: number): string { return tensors.types[tensors.type[tensor]]; }

/** The tensor whose buffer this one lies in. A damaged manifest could send the chain in a circle, so it is walked a limited way. */
function rootOf(tensor: number): number {
  for (let hops = 0; tensors.alias[tensor] >= 0 && hops < tensorCount; hops++) tensor = tensors.alias[tensor];
  return tensor;
}
export const roots = Array.from({ length: tensorCount }, (_, tensor) => rootOf(tensor));

export interface Place { memory: string; offset: number; moves: { step: number; memory: string; offset: number } | null }

/** Where a tensor lies, by the plan; null where the plan gives it no place. */
export function placeOf(tensor: number): Place | null {
  if (!data.hasOffsets || !tensors.offset) return null;
  // An alias, or a view, without a place of its own lies where its owner does.
  const placed = tensors.offset[tensor] >= 0 ? tensor : roots[tensor], offset = tensors.offset[placed];
  if (offset < 0) return null;
  const named = (memory: number | undefined) => tensors.memories?.[memory ?? -1] ?? '', move = tensors.move?.[placed] ?? null;
  return { memory: named(tensors.memory?.[placed]), offset, moves: move && { step: move[0], memory: named(move[1]), offset: move[2] } };
}

/** Tensors by the buffer they share. */
const members = grouped(tensor => [roots[tensor]]);
/** Views by the tensors they consist of. */
const viewsOf = grouped(tensor => tensors.parts[tensor] ?? []);

function grouped(keys: (tensor: number) => number[]): Map<number, number[]> {
  const groups = new Map<number, number[]>();
  for (let tensor = 0; tensor < tensorCount; tensor++) {
    for (const key of keys(tensor)) {
      const group = groups.get(key);
      if (group) group.push(tensor); else groups.set(key, [tensor]);
    }
  }
  return groups;
}

/** Whether a tensor's bytes count: ONNX Runtime leaves inputs to the caller; a view has none of its own. */
function counts(tensor: number): boolean {
  return tensors.bytes[tensor] > 0 && !tensors.parts[tensor] && (data.countsInputs || tensors.role[roots[tensor]] !== Role.input);
}

export function isLive(tensor: number, step: number): boolean { return tensors.first[tensor] <= step && step <= tensors.last[tensor]; }

/** Tensors live at a step, one a buffer, largest first. */
export function liveAt(step: number): number[] {
  const byRoot = new Map<number, number>();
  for (let tensor = 0; tensor < tensorCount; tensor++) {
    if (!isLive(tensor, step) || !counts(tensor)) continue;
    const known = byRoot.get(roots[tensor]);
    if (known === undefined || tensors.bytes[tensor] > tensors.bytes[known]) byRoot.set(roots[tensor], tensor);
  }
  return [...byRoot.values()].sort((a, b) => tensors.bytes[b] - tensors.bytes[a] || tensors.first[a] - tensors.first[b] || a - b);
}

/** Others in the same buffer. */
export function sharing(tensor: number): number[] { return (members.get(roots[tensor]) ?? []).filter(other => other !== tensor); }

/**
 * Steps that wrote what a tensor's buffer holds at a step: the tensor's own, else those of the one in the buffer that was written last.
 * None: the caller; null: not known.
 */
export function writersAt(tensor: number, step: number): number[] | null {
  const own = writtenBefore(tensor, step);
  if (own) return own;
  let writers: number[] | null = null, latest = -2;
  for (const member of members.get(roots[tensor]) ?? []) {
    const before = writtenBefore(member, step), last = before ? (before.length ? before[before.length - 1] : -1) : -2;
    if (last > latest) [writers, latest] = [before, last];
  }
  return writers;
}

/** Whose content a tensor's buffer holds at a step: of those that share it, the one that was written last. */
export function heldAt(tensor: number, step: number): number {
  let holder = tensor, latest = -2;
  for (const member of members.get(roots[tensor]) ?? []) {
    if (!isLive(member, step) || tensors.parts[member]) continue;
    const before = writtenBefore(member, step), last = before ? (before.length ? before[before.length - 1] : -1) : -2;
    // Of two written by the same step, the one that was asked for.
    if (last > latest || (last === latest && member === tensor)) [holder, latest] = [member, last];
  }
  return holder;
}

function writtenBefore(tensor: number, step: number): number[] | null {
  const writers = tensors.writers[tensor];
  if (!writers) return null;
  if (tensors.role[tensor] === Role.input || writers.length === 0) return [];
  const before = writers.filter(writer => writer <= step);
  return before.length ? before : null;
}

export interface Uses { readers: number[]; reusedAt: number; output: boolean }

/** Who needs a tensor's buffer from a step on: readers of what it holds, else the step that writes into it again (-1: none), and the caller. */
export function usesAfter(tensor: number, step: number): Uses {
  const readers = new Set<number>();
  let reusedAt = -1, output = false;
  // Who reads a view needs its parts; a set that grows while it is walked visits what is added.
  const seen = new Set(members.get(roots[tensor]));
  for (const member of seen) {
    for (const view of viewsOf.get(member) ?? []) seen.add(view);
    const writers = tensors.writers[member], written = writers && writers.length ? writers[0] : -1;
    if (written > step && !tensors.parts[member]) {
      if (reusedAt < 0 || written < reusedAt) reusedAt = written;
      continue;
    }
    for (const reader of tensors.readers[member] ?? []) if (reader >= step) readers.add(reader);
    if (tensors.role[member] === Role.output) output = true;
  }
  return { readers: [...readers].sort((a, b) => a - b), reusedAt: readers.size || output ? -1 : reusedAt, output };
}
