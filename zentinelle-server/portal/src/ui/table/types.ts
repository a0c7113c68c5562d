import type { TypedDocumentNode } from "@apollo/client";
import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import type { Problem } from "@/lib/outcome";

export interface Column<Row> {
  key: string;
  label: string;
  cell: (row: Row) => ReactNode;
  /** What an export writes; without it the row's field of this key. */
  value?: (row: Row) => unknown;
  /** The server's name of the field to sort by; none: not sortable. */
  sort?: string;
  /** Not shown until chosen. */
  hidden?: boolean;
  numeric?: boolean;
  width?: string;
}

export interface Choice {
  value: string;
  label?: string;
}

/** A filter of the list. Its key is the field of the server's filter input and the name in the address. */
export interface Filter {
  key: string;
  label: string;
  /** `many`: a list of values; `one`: a single value; `yesno`: a boolean; `text`; `since`: a span back from now. */
  kind: "many" | "one" | "yesno" | "text" | "since";
  choices?: readonly Choice[];
}

export interface RowAction<Row> {
  key: string;
  label: string;
  icon?: LucideIcon;
  permission?: string;
  danger?: boolean;
  run: (row: Row) => void;
}

export interface BulkItem {
  id: string;
  success: boolean;
  errors: readonly Problem[];
}

export interface BulkAction {
  key: string;
  label: string;
  permission: string;
  danger?: boolean;
  run: (ids: string[]) => Promise<readonly BulkItem[]>;
}

export interface Connection<Row> {
  nodes: readonly Row[];
  totalCount: number;
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor?: string | null; endCursor?: string | null };
}

export interface DataTableProps<Row, Data> {
  /** Names the list: for saved views, exported files and the caption. */
  name: string;
  label: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  document: TypedDocumentNode<Data, any>;
  select: (data: Data) => Connection<Row>;
  rowId: (row: Row) => string;
  /** What the row is called, for screen readers. */
  rowName: (row: Row) => string;
  rowHref?: (row: Row) => string;
  /** Instead of an address: what opening a row does. */
  onOpen?: (row: Row) => void;
  columns: readonly Column<Row>[];
  filters?: readonly Filter[];
  search?: boolean;
  /** Always part of the filter. */
  fixed?: Record<string, unknown>;
  /** Other variables of the document. */
  variables?: Record<string, unknown>;
  sort?: { field: string; direction: "ASC" | "DESC" };
  rowActions?: (row: Row) => readonly RowAction<Row>[];
  bulk?: readonly BulkAction[];
  permission?: string;
  /** A log grows without end: a search looks at its newest entries only, and says so. */
  log?: boolean;
  empty: { title: string; text?: ReactNode; action?: ReactNode };
  pollSeconds?: number;
  /** Put before every parameter in the address, where a page has two tables. */
  prefix?: string;
}
