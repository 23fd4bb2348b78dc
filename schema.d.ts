// How calls define and describe tables.

import type { DataType } from 'sequelize';

/** A table by its name, or by name and schema. */
export type PhantomDBTable = string | { tableName: string; schema?: string };

/** The definition of a column in `dialect.createTable`. */
export interface PhantomDBAttribute {
  /** PhantomDB SQL (`'VARCHAR(255)'`) or a data type of Sequelize (`DataTypes.STRING`). */
  type: string | DataType;
  /** The name of the column, when it differs from the name of the attribute. */
  field?: string;
  primaryKey?: boolean;
  autoIncrement?: boolean;
  /** The default is true. */
  allowNull?: boolean;
  /** True when the column is unique by itself. Attributes that give the same name are unique together. */
  unique?: boolean | string;
  /** The default: a value, `Sequelize.literal(…)` or `DataTypes.NOW`. */
  defaultValue?: unknown;
  /** The SQL expression of a column that is always computed from others and stored: `'price * amount'`. */
  generated?: string;
  references?: { model: PhantomDBTable; key?: string };
  onDelete?: 'CASCADE' | 'SET NULL' | 'SET DEFAULT' | 'RESTRICT' | 'NO ACTION';
  onUpdate?: 'CASCADE' | 'SET NULL' | 'SET DEFAULT' | 'RESTRICT' | 'NO ACTION';
  comment?: string;
}

/** How values travel in JSON. */
export type PhantomDBWireType =
  | 'integer'
  | 'float'
  | 'decimal'
  | 'string'
  | 'boolean'
  | 'timestamp'
  | 'date'
  | 'time'
  | 'uuid'
  | 'enum'
  | 'blob'
  | 'json'
  | 'any';

/** The parts of a column's type. */
export interface PhantomDBTypeDescription {
  /** The name without arguments: `VARCHAR`, `ENUM`. */
  name: string;
  /** How the values travel. */
  wire: PhantomDBWireType;
  /** The most characters of a `VARCHAR` or a `CHAR`. */
  length?: number;
  /** The digits of a `DECIMAL`, and how many of them are after the point; the decimals of a second of a time. */
  precision?: number;
  scale?: number;
  /** The values of an `ENUM`. */
  values?: string[];
  /** The type of the elements of an `ARRAY`. */
  element?: PhantomDBTypeDescription;
}

/** The description of a table that `dialect.describeTable` returns. */
export interface TableSchema {
  table: { name: string; schema?: string };
  columns: {
    name: string;
    type: string;
    /** The parts of `type`. Undefined when another client made the table and PhantomDB does not have the type. */
    dataType?: PhantomDBTypeDescription;
    allowNull: boolean;
    primaryKey: boolean;
    autoIncrement: boolean;
    unique: boolean;
    default?: string;
    /** The SQL expression by which the column is computed from others. */
    generated?: string;
    comment?: string;
  }[];
  primaryKey: string[];
  constraints: { type: string; name?: string; columns?: string[]; [key: string]: unknown }[];
  indexes: { name: string; unique: boolean; primary: boolean; [key: string]: unknown }[];
  comment?: string;
}
