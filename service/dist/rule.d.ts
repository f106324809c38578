/** What is asked of a person. All that is given has to hold. */
export type Rule = Readonly<{
    /** The organisation, or `*` for any. */
    org: string;
    unit?: string | undefined;
    /** `service:permission`; with `unit` it holds when the organisation or that unit grants it. */
    permission?: string | undefined;
    sub?: string | undefined;
    /** `false`: nobody is let in as nobody, rather than refused. */
    required?: boolean | undefined;
}>;
/**
 * The rule as a query. A member that is unknown or empty throws `ConfigError`: a misspelt rule is never no
 * rule.
 */
export declare const queryOf: (rule: Rule) => string;
