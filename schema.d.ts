// The definitions and the descriptions of tables.

import type { DataType } from 'sequelize';

/** A table by its name, or by name and schema. */
export type PhantomDBTable = string | { tableName: string; schema?: string };

/** A column of a table to be made. */
export interface PhantomDBAttribute {
  /** PhantomDB SQL (`'VARCHAR(255)'`) or a data type of Sequelize (`DataTypes.STRING`). */
  type: string | DataType;
  /** The name of the column, when it is not that of the attribute. */
  field?: string;
  primaryKey?: boolean;
  autoIncrement?: boolean;
  /** The default is true. */
  allowNull?: boolean;
  /** Unique by itself, or, with a name, together with the other attributes that have the same. */
  unique?: boolean | string;
  /** A value, `Sequelize.literal(…)` or `DataTypes.NOW`. */
  defaultValue?: unknown;
  /** The SQL expression of a column that is always computed from others and stored: `'price * amount'`. */
  generated?: string;
  references?: { model: PhantomDBTable; key?: string };
  onDelete?: 'CASCADE' | 'SET NULL' | 'SET DEFAULT' | 'RESTRICT' | 'NO ACTION';
  onUpdate?: 'CASCADE' | 'SET NULL' | 'SET DEFAULT' | 'RESTRICT' | 'NO ACTION';
  comment?: string;
}

/** How values travel. */
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
  /** The digits of a `DECIMAL`, and how many of them are after the point. */
  precision?: number;
  scale?: number;
  /** The values of an `ENUM`. */
  values?: string[];
}

/** The description of a table that `dialect.describeTable` returns. */
export interface TableSchema {
  table: { name: string; schema?: string };
  columns: {
    name: string;
    type: string;
    /** The parts of `type`. Left out for a type that another client made and PhantomDB does not have. */
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
