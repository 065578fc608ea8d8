/** What is missing for an adapter's next version, in a few words. */

/**
 * Labels that give 16 training and 10 holdout rows where a fifth is held out, as the settings' defaults have it; fewer
 * can be trained on, but not judged.
 */
export const FIRST_ADAPTER = 50;

/** What the open batch has; before the first release, what there is in all of what the first one needs. */
export function collected(open, versions) {
  if (versions.some((version) => String(version.state).toLowerCase() === 'promoted')) {
    return `${open} new`;
  }
  const before = Math.max(0, ...versions.map((version) => version.trainingExamples + (version.decision?.holdoutRows ?? 0)));
  return `${open + before} of about ${FIRST_ADAPTER}`;
}
