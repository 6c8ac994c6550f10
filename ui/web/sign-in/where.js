// Where somebody goes who has signed in. Pure. Only pages of ours: an address from outside never decides.

/** Pages that staff may come from. */
const PAGES = ['/clerk', '/manager', '/admin', '/audit', '/board'];

/**
 * The page that sent somebody here, if it is one of ours.
 * @param {string} search the query of this page's address
 * @returns {string|null}
 */
export function nextOf(search) {
  const next = new URLSearchParams(search).get('next');
  if (next === null) return null;
  const path = next.split('?')[0];
  return PAGES.includes(path) ? next : null;
}

/**
 * @param {{role: string, window?: string|null}} who
 * @param {string|null} next
 */
export function homeOf(who, next) {
  if (who.role === 'window') return `/clerk?w=${encodeURIComponent(who.window ?? '')}`;
  const homes = { hall_manager: '/manager', policy: '/manager', admin: '/admin', auditor: '/audit' };
  const home = homes[who.role] ?? '/manager';
  return next !== null && (next === home || next === '/board') ? next : home;
}

/**
 * The address of the sign-in page for a page that was refused.
 * @param {{pathname: string, search: string}} here
 */
export function signInFrom(here) {
  return `/sign-in?next=${encodeURIComponent(here.pathname + here.search)}`;
}
