// What is looked at: a step, a range of steps, a tensor. The page's address says it, so that a link leads to the same place.
import { data, stepCount, tensorCount, tensors } from './data';
import { soon } from './frames';

export interface View {
  /** The range of steps shown in the map: the first, and the one after the last. */
  from: number;
  to: number;
  step: number;
  /** The tensor that was clicked, or -1. */
  tensor: number;
}

const all = Math.max(1, stepCount);
export const view: View = { from: 0, to: all, step: Math.max(0, data.peakStep), tensor: -1 };

type Watcher = (changed: ReadonlySet<keyof View>) => void;
const watchers: Watcher[] = [];
const dirty = new Set<keyof View>();

/** Has a function called, once a frame, with what changed. */
export function watch(watcher: Watcher): void { watchers.push(watcher); }

export function set(next: Partial<View>): void {
  if (next.from !== undefined && next.to !== undefined) {
    const width = Math.min(all, Math.max(Math.min(2, all), Math.round(next.to) - Math.round(next.from)));
    const from = Math.max(0, Math.min(all - width, Math.round(next.from)));
    put('from', from);
    put('to', from + width);
  }
  if (next.step !== undefined && stepCount > 0) put('step', Math.max(0, Math.min(stepCount - 1, Math.round(next.step))));
  if (next.tensor !== undefined) put('tensor', next.tensor >= 0 && next.tensor < tensorCount ? next.tensor : -1);
  if (dirty.size) soon('view', tell);
}

function put<K extends keyof View>(key: K, value: View[K]): void {
  if (view[key] === value) return;
  view[key] = value;
  dirty.add(key);
}

function tell(): void {
  const changed = new Set(dirty);
  dirty.clear();
  for (const watcher of watchers) watcher(changed);
}

/** Shows a step; the range follows when the step is out of sight. */
export function goTo(step: number): void {
  const half = (view.to - view.from) / 2;
  set(step < view.from || step >= view.to ? { step, from: step - half, to: step + half } : { step });
}

/** Some steps on either side of the one that is looked at. */
export function around(step: number): void { set({ step, from: step - 12, to: step + 13 }); }

export function showAll(): void { set({ from: 0, to: all }); }

/** The address of what is looked at. Steps are counted from 1, as everywhere that people read them. */
function address(): string {
  const parts: string[] = [];
  // A tensor alone leads to its first step.
  if (view.step !== data.peakStep || view.tensor >= 0) parts.push('step=' + (view.step + 1));
  if (view.to - view.from < all) parts.push(`steps=${view.from + 1}-${view.to}`);
  if (view.tensor >= 0) parts.push('tensor=' + encodeURIComponent(tensors.name[view.tensor]));
  return parts.length ? '#' + parts.join('&') : location.pathname + location.search;
}

let writing = 0;
/** Writes the address when things have come to rest. */
export function remember(): void {
  clearTimeout(writing);
  writing = window.setTimeout(() => history.replaceState(null, '', address()), 150);
}

/** Goes where the hash of an address says; what it does not say stays, except the tensor. False if it says nothing. */
export function follow(hash: string): boolean {
  const said = new Map(hash.slice(1).split('&').filter(part => part.includes('=')).map(part => {
    const at = part.indexOf('=');
    return [part.slice(0, at), part.slice(at + 1)] as const;
  }));
  const range = /^(\d+)-(\d+)$/.exec(said.get('steps') ?? '');
  if (range) set({ from: Number(range[1]) - 1, to: Number(range[2]) });
  const tensor = said.has('tensor') ? tensors.name.indexOf(decoded(said.get('tensor')!)) : -1;
  if (said.has('tensor')) set({ tensor });
  const step = /^\d+$/.test(said.get('step') ?? '') ? Number(said.get('step')) - 1 : tensor >= 0 ? tensors.first[tensor] : -1;
  if (step >= 0) goTo(step);
  return range !== null || tensor >= 0 || step >= 0;
}

function decoded(text: string): string {
  try { return decodeURIComponent(text); } catch { return text; }
}
