// What a plan's request says, with values put in where it says `{{name}}`. A text that is nothing but one name becomes the value itself, so
// that a number stays a number. Pure. Used by ./http.ts; which names there are is said in ./http-settings.ts.
import type { JsonValue } from '../plan/types.js';

export type TemplateValues = Readonly<Record<string, JsonValue>>;

const anyName = /\{\{\s*([^{}]*?)\s*\}\}/g;
const onlyName = /^\{\{\s*([^{}]*?)\s*\}\}$/;

/** Every name the template uses, each once. */
export function namesIn(template: JsonValue): readonly string[] {
  if (typeof template === 'string') return [...new Set([...template.matchAll(anyName)].map(([, name]) => name as string))];
  if (typeof template !== 'object' || template === null) return [];
  return [...new Set(Object.entries(template).flatMap(([key, item]) => [...(Array.isArray(template) ? [] : namesIn(key)), ...namesIn(item as JsonValue)]))];
}

/** Keys stay as they are: only what a request says is filled in, never which field says it. */
export function filled(template: JsonValue, values: TemplateValues): JsonValue {
  if (typeof template === 'string') {
    const only = onlyName.exec(template)?.[1];
    return only !== undefined ? valueOf(only, values) : filledText(template, values);
  }
  if (Array.isArray(template)) return (template as readonly JsonValue[]).map((item) => filled(item, values));
  if (typeof template !== 'object' || template === null) return template;
  return Object.fromEntries(Object.entries(template).map(([key, item]) => [key, filled(item as JsonValue, values)]));
}

/** @param encode what makes a value harmless where the text goes; default: as it is */
export function filledText(template: string, values: TemplateValues, encode: (text: string) => string = (text) => text): string {
  return template.replace(anyName, (_whole, name: string) => { const value = valueOf(name, values); return encode(typeof value === 'string' ? value : JSON.stringify(value)); });
}

function valueOf(name: string, values: TemplateValues): JsonValue {
  const value = Object.hasOwn(values, name) ? values[name] : undefined;
  if (value === undefined) throw new Error(`'{{${name}}}' has no value`); // the check of the settings has let only known names pass
  return value;
}
