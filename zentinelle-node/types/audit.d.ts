/** What you know apart from the log. The more you say, the less can be hidden from you. */
export interface AuditExpectations {
    /** Public keys whose checkpoints are believed, as their signer printed them: `NAME+HASH+BASE64`. */
    keys?: readonly string[];
    /** Whose log it must be. */
    tenantId?: string;
    /** The log may begin with this entry instead of with the first. */
    firstSequence?: number;
    /** The log must reach at least to this entry. */
    lastSequence?: number;
    /** The entry of this number must have this chain hash. */
    head?: {
        sequence: number;
        chainHash: string;
    };
    /** Signed checkpoints that were kept elsewhere. */
    checkpoints?: readonly string[];
}
/** What is wrong with a log, and where. */
export interface AuditFault {
    kind: "edited" | "reordered" | "inserted" | "missing" | "truncated" | "forked" | "rewritten" | "bad_signature" | "wrong_tenant" | "malformed";
    line?: number;
    sequence?: number;
    through?: number;
    message: string;
}
/** What a verifier found. */
export interface AuditReport {
    /** Entries were verified, none is at fault, and something signed or known vouches for them. */
    valid: boolean;
    status: "valid" | "unanchored" | "nothing_verified" | "invalid";
    tenant_id: string | null;
    entries: number;
    first_sequence: number;
    last_sequence: number;
    chain_hash: string | null;
    root: string | null;
    checkpoints: number;
    /** The last entry that anything signed or known vouches for. Later ones could be replaced unnoticed. */
    anchored_through: number;
    unjudged_checkpoints: number;
    torn_tail: number | null;
    faults: AuditFault[];
    fault_count: number;
}
/** Checks that an exported log is whole, in order, unedited and signed. Asks no server. */
export declare function verifyAudit(log: string | Uint8Array, expected?: AuditExpectations): AuditReport;
