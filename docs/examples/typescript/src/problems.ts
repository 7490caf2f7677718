// Errors are data: a mutation says what stood in the way, and the type of each error says what more there is to know.
// `explain` must treat every type the schema has: a new one is a compile error here, not a surprise at run time.

import type { AuthorityProblemFragment, ProblemFragment } from "./generated.js";

/** What a mutation did not do, for a program that cannot go on without it. */
export class NotDone extends Error {
  readonly problems: readonly ProblemFragment[];

  constructor(what: string, problems: readonly ProblemFragment[]) {
    super([`${what}:`, ...problems.map((problem) => `  ${explain(problem)}`)].join("\n"));
    this.name = "NotDone";
    this.problems = problems;
  }
}

/** Return the payload if the mutation did what was asked; throws `NotDone`. It is null only beside an entry in `errors`. */
export function done<Payload extends { errors: readonly ProblemFragment[] }>(
  what: string,
  payload: Payload | null | undefined,
): Payload {
  const answered = present(what, payload);
  if (answered.errors.length > 0) throw new NotDone(what, answered.errors);
  return answered;
}

/** The part of a payload that is there whenever there are no errors. */
export function present<Value>(what: string, value: Value | null | undefined): Value {
  if (value == null) throw new Error(`${what}: the service returned neither it nor an error.`);
  return value;
}

export function explain(problem: ProblemFragment): string {
  switch (problem.__typename) {
    case "InvalidInput":
      return `${problem.message} (${[...problem.field, problem.rule ?? problem.code].join(" › ")})`;
    case "AccessDenied":
      return problem.missing.length > 0 ? `${problem.message} Missing: ${problem.missing.join(", ")}.` : problem.message;
    case "RateLimited":
      return `${problem.message} Next try: ${problem.retryAt ?? "later"}.`;
    case "IssuanceFailure":
      return problem.problem ? `${problem.message} ${explainAuthority(problem.problem)}` : problem.message;
    case "NotFound":
    case "Conflict":
    case "OtherError":
      return `${problem.message} (${problem.code})`;
    default:
      return unexpected(problem);
  }
}

/** What the certificate authority said, name by name, after what to do about it. */
export function explainAuthority(problem: AuthorityProblemFragment): string {
  const parts = problem.subproblems.map((part) => `${part.identifier ?? "a name"}: ${part.detail ?? part.type}`);
  return [problem.advice, problem.detail ?? problem.type, ...parts].join(" ");
}

/** Unreachable as long as the types are those of the service; a newer service may still send a type made since. */
function unexpected(problem: never): string {
  const { code, message } = problem as { code: string; message: string };
  return `${message} (${code})`;
}
