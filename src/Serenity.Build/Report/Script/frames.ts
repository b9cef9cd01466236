// Work is done once a frame, and how long each piece of script took stands in the browser's User Timing, for whoever measures.

const waiting = new Map<string, () => void>();

/** Runs a piece of script, and notes how long it took. */
export function timed<T>(label: string, work: () => T): T {
  const start = performance.now();
  try {
    return work();
  } finally {
    performance.measure('serenity:' + label, { start, end: performance.now() });
  }
}

/** Has something done in the next frame, once, however often it is asked for until then. */
export function soon(label: string, work: () => void): void {
  if (waiting.size === 0) requestAnimationFrame(() => timed('frame', () => {
    const now = [...waiting.values()];
    waiting.clear();
    for (const each of now) each();
  }));
  waiting.set(label, work);
}

/** A listener whose time is noted. */
export function listen<K extends keyof GlobalEventHandlersEventMap>(to: EventTarget, type: K | 'hashchange' | 'resize' | 'beforeprint' | 'change', work: (event: GlobalEventHandlersEventMap[K]) => void): void {
  to.addEventListener(type, event => timed(type, () => work(event as GlobalEventHandlersEventMap[K])));
}
