// Pieces of settings that several sources share. Each provider's schema stands in its own file.
export { address, headers } from '../http/settings.js';
export { hasScheme, isYes, lengthOfTime, textLike, textThat, yesNo } from '../provider-settings.js';
