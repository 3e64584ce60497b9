// One field of a service in a compose file, found and replaced in place: comments, order, quotes and everything else keep every byte.
// Used by ./compose.ts. Pure.
import { isDeepStrictEqual } from 'node:util';
import { isAlias, isScalar, parseDocument, Scalar, type Document } from 'yaml';
import type { TargetValue } from '../plan/types.js';
import { TargetRefused } from './port.js';

export interface Field { readonly file: string; readonly service: string; readonly field: 'image' | 'replicas' }

/** As it stands: the tag or the number, and for an image the repository, which stays. */
export interface FieldView { readonly value: TargetValue; readonly repository: string | null }

/** @throws TargetRefused COMPOSE_FILE_CORRUPT, COMPOSE_FIELD_MISSING, COMPOSE_INTERPOLATED, COMPOSE_NOT_EDITABLE */
export function viewField(text: string, field: Field): FieldView {
  const { scalar } = placeOf(parsed(text, field), field);
  const refuse = (what: string, todo: string): TargetRefused => notEditable(field, what, todo);
  if (field.field === 'replicas') {
    // as it is written: readers differ in what 010 is
    const count = /^(0|[1-9]\d*)$/.test(scalar.source ?? String(scalar.value)) ? Number(scalar.value) : Number.NaN;
    if (!Number.isSafeInteger(count)) throw refuse(`is no number of replicas: '${String(scalar.value)}'`, 'Write a whole number there.');
    return { value: count, repository: null };
  }
  if (typeof scalar.value !== 'string') throw refuse(`is no text: ${String(scalar.value)}`, 'Write it in quotes.');
  const image = scalar.value.trim();
  if (image.includes('@')) throw refuse('is pinned by a digest, which counts and not the tag', 'Name it by its tag.');
  // a colon before the last slash belongs to the registry's port
  const colon = image.indexOf(':', image.lastIndexOf('/') + 1);
  return colon < 0 ? { value: 'latest', repository: image } : { value: image.slice(colon + 1), repository: image.slice(0, colon) };
}

/** @throws as viewField */
export function editField(text: string, field: Field, value: TargetValue): string {
  const document = parsed(text, field);
  const { scalar, path } = placeOf(document, field);
  const { repository } = viewField(text, field);
  const content = repository === null ? String(value) : `${repository}:${value}`;
  const [start, end] = scalar.range as [number, number, number];
  const written = scalar.type === Scalar.QUOTE_DOUBLE ? `"${content}"` : scalar.type === Scalar.QUOTE_SINGLE ? `'${content}'` : content;
  const edited = `${text.slice(0, start)}${written}${text.slice(end)}`;
  // an anchor further up may let others share the field: nothing but it may differ
  const wanted = plain(document);
  let parent = wanted;
  for (const key of path.slice(0, -1)) parent = parent[key] as Plain;
  parent[path.at(-1) as string] = typeof scalar.value === 'number' ? value : content;
  if (!isDeepStrictEqual(plain(parsed(edited, field)), wanted)) throw notEditable(field, 'cannot be replaced without changing something else, which shares it by an alias or a merge', 'Write it out for each service.');
  return edited;
}

type Plain = Record<string, unknown>;
/** By way of text, so that what is shared in the file is not shared in the answer. */
const plain = (document: Document.Parsed): Plain => JSON.parse(JSON.stringify(document.toJS({ maxAliasCount: -1 }))) as Plain;

function parsed(text: string, { file }: Field): Document.Parsed {
  const document = parseDocument(text, { uniqueKeys: true, prettyErrors: true, logLevel: 'silent', merge: true });
  const problem = document.errors[0];
  if (problem !== undefined) throw new TargetRefused({ code: 'COMPOSE_FILE_CORRUPT', where: file, what: `it is not YAML: ${problem.message.split('\n')[0] ?? ''}`, means: 'Nothing was read or changed.', todo: 'Repair the file.' });
  return document;
}

function placeOf(document: Document.Parsed, field: Field): { readonly scalar: Scalar; readonly path: readonly string[] } {
  const { file, service, field: name } = field;
  const missing = (what: string, todo: string): TargetRefused => new TargetRefused({ code: 'COMPOSE_FIELD_MISSING', where: file, what, means: 'Nothing was changed.', todo });
  if (!document.hasIn(['services', service])) throw missing(`there is no service '${service}'.`, "Correct 'service'; services of included and extended files are not looked for.");
  const paths = (name === 'image' ? [['image']] : [['deploy', 'replicas'], ['scale']]).map((path) => ['services', service, ...path]).filter((path) => { try { return document.hasIn(path); } catch { return false; } });
  const [path] = paths;
  if (path === undefined) throw missing(`the service '${service}' has no ${name === 'image' ? 'image' : 'deploy.replicas and no scale'} of its own.`, name === 'image' ? 'Name its image with a tag there; a service that is only built has none.' : 'Write the number that runs there once: `deploy: { replicas: 1 }`.');
  if (paths.length > 1) throw notEditable(field, 'stands there twice, as deploy.replicas and as scale', 'Leave one of them.');
  const node = document.getIn(path, true);
  if (isAlias(node)) throw notEditable(field, 'is an alias of another value', 'Write it out.');
  if (!isScalar(node) || node.range === null || node.range === undefined) throw notEditable(field, 'is no single value', 'Write it on one line.');
  if (node.anchor !== undefined || node.tag !== undefined) throw notEditable(field, 'has an anchor or a tag, so that others may use it', 'Write it without.');
  if (node.type === Scalar.BLOCK_FOLDED || node.type === Scalar.BLOCK_LITERAL) throw notEditable(field, 'stands there over several lines', 'Write it on one line.');
  if (String(node.value).includes('$')) {
    throw new TargetRefused({ code: 'COMPOSE_INTERPOLATED', where: file, what: `the ${name} of '${service}' is put together from variables: '${String(node.value)}'.`, means: 'Nothing was changed: the value stands elsewhere.', todo: "Move the variable's value instead, with a target of kind 'env-file' on the .env file and `then: docker compose up -d --no-deps …`." });
  }
  return { scalar: node, path };
}

function notEditable({ file, service, field }: Field, what: string, todo: string): TargetRefused {
  return new TargetRefused({ code: 'COMPOSE_NOT_EDITABLE', where: file, what: `the ${field} of '${service}' ${what}.`, means: 'Nothing was changed.', todo });
}
