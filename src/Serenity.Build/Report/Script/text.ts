// Words and elements. Strings from the model only ever become text.

const units: [string, number][] = [['GiB', 2 ** 30], ['MiB', 2 ** 20], ['KiB', 2 ** 10]];

/** Bytes as people read them: the same rules as the tool's own text. */
export function short(bytes: number): string {
  for (const [unit, size] of units)
    // What would round to 1024 is one of the next unit.
    if (Math.abs(bytes) >= size - (size > 1024 ? size / 1024 / 20 : 0)) return (bytes / size).toFixed(1).replace(/\.0$/, '') + ' ' + unit;
  return bytes + ' B';
}

export function exact(number: number): string { return String(number).replace(/\B(?=(\d{3})+$)/g, ','); }

export function full(bytes: number): string {
  return bytes + (bytes === 1 ? ' byte' : ' bytes') + (Math.abs(bytes) < 1024 ? '' : ' (' + short(bytes) + ')');
}

export type Content = string | Node;

export function element<K extends keyof HTMLElementTagNameMap>(tag: K, className: string, ...content: Content[]): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...content);
  return made;
}

const svgSpace = 'http://www.w3.org/2000/svg';

export function drawing<K extends keyof SVGElementTagNameMap>(tag: K, attributes: Record<string, string | number>, ...content: Content[]): SVGElementTagNameMap[K] {
  const made = document.createElementNS(svgSpace, tag);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.append(...content);
  return made;
}

export function byId<T extends Element = HTMLElement>(id: string): T { return document.getElementById(id) as unknown as T; }

export function name(text: string): HTMLElement { return element('bdi', 'name', text); }
export function dim(text: string): HTMLElement { return element('span', 'dim', text); }
export function bold(text: string): HTMLElement { return element('b', '', text); }

/** A list in a sentence: a, b, c. */
export function listed(parts: Content[][]): Content[] { return parts.flatMap((part, index) => index ? [', ', ...part] : part); }
