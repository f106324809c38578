/**
 * Who is in front of the service. `org` and `sub` together are a person; names and addresses are for showing.
 */
export type Person = Readonly<{
    sub: string;
    org: string;
    name: string;
    email: string;
    /** The preferred unit, while it is held. */
    unit: string | undefined;
    units: readonly string[];
    /**
     * Whether they may do this: in the organisation, or in a unit (of the rule, when none is named). A rule
     * with a unit brings the permissions of that unit alone, so asking for another throws `ConfigError`.
     */
    has(permission: string, unit?: string): boolean;
}>;
declare const names: readonly ['sub', 'org', 'unit', 'units', 'permissions', 'name', 'email'];
/** What the gateway says of a person, as it stands in its headers; `rule`: the unit that the rule named. */
export type Texts = Readonly<Partial<Record<(typeof names)[number] | 'rule', string>>>;
/** The texts that a person was made of, to make them again elsewhere. */
export declare const textsOf: (person: Person) => Texts;
/** A person, or nothing when the texts name none. */
export declare const personFrom: (texts: Texts) => Person | undefined;
/** The same from the headers of an answer of the gateway. */
export declare const personInHeaders: (header: (name: string) => string | null, ruleUnit: string | undefined) => Person | undefined;
/** Throws `Unauthorized` for nobody. */
export declare const signedIn: (person: Person | undefined) => Person;
export {};
