import { PhantomDBDialect } from 'phantomdb-sequelize';
import {
  type CreationOptional,
  DataTypes,
  type ForeignKey,
  type InferAttributes,
  type InferCreationAttributes,
  Model,
  type NonAttribute,
  Sequelize,
} from 'sequelize';

const dialect = new PhantomDBDialect(process.env.PHANTOMDB_URL ?? 'memory:');
export const sequelize = new Sequelize({ database: 'tasks', dialect, logging: false });

export class User extends Model<InferAttributes<User>, InferCreationAttributes<User>> {
  declare id: CreationOptional<number>;
  declare name: string;
  declare email: string;
  declare tasks?: NonAttribute<Task[]>;
}

User.init(
  {
    id: { type: DataTypes.INTEGER, autoIncrement: true, primaryKey: true },
    name: { type: DataTypes.STRING, allowNull: false, validate: { notEmpty: true } },
    email: { type: DataTypes.STRING, allowNull: false, unique: true, validate: { isEmail: true } },
  },
  { sequelize },
);

export class Task extends Model<InferAttributes<Task>, InferCreationAttributes<Task>> {
  declare id: CreationOptional<number>;
  declare title: string;
  declare done: CreationOptional<boolean>;
  declare userId: ForeignKey<User['id']>;
}

Task.init(
  {
    id: { type: DataTypes.INTEGER, autoIncrement: true, primaryKey: true },
    title: { type: DataTypes.STRING, allowNull: false, validate: { notEmpty: true } },
    done: { type: DataTypes.BOOLEAN, allowNull: false, defaultValue: false },
  },
  { sequelize },
);

User.hasMany(Task, { as: 'tasks', foreignKey: { name: 'userId', allowNull: false }, onDelete: 'CASCADE' });
Task.belongsTo(User, { as: 'user', foreignKey: 'userId' });
