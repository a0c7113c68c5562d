import { type Instant } from "./time.js";
/** What a token is for. A token of one purpose is never accepted for another. */
export type Purpose = "tool-approval" | "agent-capability-approval" | "human-oversight-approval" | "agent-delegation-v1";
/** What a token says. A field left out binds nothing. */
export interface Claims {
    purpose: Purpose;
    /** Names this token, for single use and for the audit trail. Unique per signing key. */
    id: string;
    /** When the token was issued, ISO 8601. */
    issued_at: string;
    /** The last moment at which it is valid, ISO 8601. */
    expires_at?: string;
    tenant?: string;
    /** Id of the policy that asked for the approval. */
    policy?: string;
    /** The tool that may be called. */
    tool?: string;
    /** The action that may be taken. */
    action?: string;
    /** Digest of the exact arguments, from `argumentsDigest`. */
    arguments?: string;
    /** The agent that may use the token. */
    agent?: string;
    /** The user on whose behalf the agent must act. */
    user?: string;
    /** Who approved. For the audit trail; binds nothing. */
    granted_by?: string;
    parent_agent_id?: string;
    max_depth?: number;
    trust_level?: "restricted" | "standard" | "trusted" | "root";
    granted_capabilities?: string[];
}
/** What to believe of a token. */
export interface VerifyOptions {
    /** Default: the present. */
    now?: Instant;
    /** The greatest age. A token without expiry needs one. Unit: seconds. */
    maxAgeSeconds?: number;
}
/** A key that signs approvals. Its secret stays inside and is never printed. */
export declare class SigningKey {
    private constructor();
    /** A shared key for HMAC-SHA-256, of 32 bytes or more. */
    static hmac(id: string, secret: Uint8Array): SigningKey;
    /** A private Ed25519 key, given as its 32-byte seed. */
    static ed25519(id: string, seed: Uint8Array): SigningKey;
    /** The id written in tokens. */
    get id(): string;
    /** The public key of an Ed25519 key, to be handed to others; undefined for a shared key. */
    get publicKey(): Uint8Array | undefined;
    /** Writes and signs a token. */
    mint(claims: Claims): string;
}
/** The keys whose approvals are believed. A ring without keys believes nothing. */
export declare class KeyRing {
    constructor(...keys: readonly SigningKey[]);
    /** Trusts the key that belongs to a signing key. */
    trust(key: SigningKey): this;
    /** Trusts a shared key. */
    trustHmac(id: string, secret: Uint8Array): this;
    /** Trusts an Ed25519 key, given as its 32 public bytes. */
    trustEd25519(id: string, publicKey: Uint8Array): this;
    /** Trusts the key of this id no longer. Says whether there was one. Engines made before keep it. */
    remove(id: string): boolean;
    /** The ids of the keys. */
    get ids(): string[];
    /** What a token claims, if it is genuine, of this purpose and valid. Throws an `ApprovalError` if not. */
    verify(token: string, purpose: Purpose, { now, maxAgeSeconds }?: VerifyOptions): Claims;
}
/** The digest of the exact arguments of a call, to bind an approval to them. */
export declare function argumentsDigest(value: unknown): string;
