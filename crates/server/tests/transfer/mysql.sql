-- A MySQL or MariaDB database with one of everything, in a schema that is empty. What only MariaDB has is in its own
-- comments.
SET NAMES utf8mb4;
SET time_zone = '+00:00';
SET sql_mode = '';
SET foreign_key_checks = 0;

CREATE TABLE numbers (
  id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY COMMENT 'the number''s "key"',
  flag TINYINT(1) NOT NULL DEFAULT 1,
  not_only_flags TINYINT(1) DEFAULT '0',
  t TINYINT, tu TINYINT UNSIGNED,
  s SMALLINT, su SMALLINT UNSIGNED,
  m MEDIUMINT, mu MEDIUMINT UNSIGNED ZEROFILL,
  i INT DEFAULT -5, iu INT UNSIGNED,
  b BIGINT, bu BIGINT UNSIGNED, bu_small BIGINT UNSIGNED,
  bits BIT(12), bit_one BIT(1) DEFAULT b'1',
  d DECIMAL(30,10) DEFAULT 1.5, d_wide DECIMAL(65,0), n NUMERIC(5),
  f FLOAT, dbl DOUBLE DEFAULT 0.25, y YEAR
) COMMENT = 'of all sizes' AUTO_INCREMENT = 500;
INSERT INTO numbers VALUES
  (1, 1, 1, -128, 255, -32768, 65535, -8388608, 16777215, -2147483648, 4294967295,
   -9223372036854775808, 18446744073709551615, 9223372036854775807, b'101010101010', b'0',
   12345678901234567890.0123456789, 12345678901234567890123456789012345678901234567890123456789012345, -99999,
   16777217, 1.7976931348623157e308, 2026),
  (2, 0, 5, 127, 0, 32767, 0, 8388607, 0, 2147483647, 0, 9223372036854775807, 0, 0, b'0', b'1',
   -0.0000000001, 0, 99999, 0.1, 0.1, 1901),
  (3, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
   NULL, 0);

CREATE TABLE times (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  d DATE, d_zero DATE, dt DATETIME, dt_milli DATETIME(3), dt_micro DATETIME(6), dt_zero DATETIME,
  ts TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  ts_milli TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  t TIME, t_milli TIME(3), t_micro TIME(6), t_long TIME
);
INSERT INTO times VALUES
  (1, '1000-01-01', '0000-00-00', '9999-12-31 23:59:59', '2026-01-02 03:04:05.678', '2026-01-02 03:04:05.678901',
   '0000-00-00 00:00:00', '2026-01-02 03:04:05', '2026-01-02 03:04:05.678', '23:59:59', '01:02:03.456', '01:02:03.456789',
   '838:59:59'),
  (2, '2024-02-29', '2026-00-00', '2026-01-02 03:04:05', '2026-01-02 03:04:05', '2026-01-02 03:04:05.678000',
   '2026-01-02 03:04:05', NULL, '1970-01-01 00:00:01', '00:00:00', '00:00:00', '00:00:00', '-00:00:01');

CREATE TABLE texts (
  id CHAR(36) CHARACTER SET ascii NOT NULL PRIMARY KEY,
  c CHAR(5), v VARCHAR(20) NOT NULL DEFAULT 'it''s \\ "x"', latin VARCHAR(20) CHARACTER SET latin1,
  wide VARCHAR(20) CHARACTER SET utf16, strict_case VARCHAR(20) COLLATE utf8mb4_bin,
  tt TINYTEXT, tx TEXT, mt MEDIUMTEXT, lt LONGTEXT, with_nul VARCHAR(10),
  b BINARY(4), vb VARBINARY(20), tb TINYBLOB, bl BLOB, mb MEDIUMBLOB, lb LONGBLOB,
  e ENUM('a', 'it''s', 'x,y', 'Ä') DEFAULT 'it''s', e_empty ENUM('a', 'b'), st SET('one', 'two', 'three'),
  j JSON, doc JSON NOT NULL
);
INSERT INTO texts VALUES
  ('6f9619ff-8b86-d011-b42d-00cf4fc964ff', 'ab', 'tab\there\nline', 'Ångström', '漢字🎉', 'Case', '', 'q''uote', '🎉', 'long',
   'a\0b', 'ab', x'00ff', x'00', x'', x'ffd8', x'27', 'x,y', '', 'one,three', '{"a": [1, "ü", null], "b": 1.50}', '[]'),
  ('second', NULL, DEFAULT, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
   NULL, NULL, NULL, NULL, NULL, NULL, NULL, DEFAULT, NULL, NULL, NULL, '"text"');

CREATE TABLE odd_kinds (
  id INT PRIMARY KEY,
  place POINT,
  price DECIMAL(10,2) NOT NULL DEFAULT 0, amount INT NOT NULL DEFAULT 1,
  total DECIMAL(12,2) GENERATED ALWAYS AS (price * amount) STORED,
  shout VARCHAR(40) GENERATED ALWAYS AS (upper(concat('n', amount))) VIRTUAL,
  made_by VARCHAR(36) DEFAULT (concat('by-', 'hand')),
  CONSTRAINT price_is_fair CHECK (price >= 0 AND amount <> 13)
);
INSERT INTO odd_kinds (id, place, price, amount) VALUES (1, ST_GeomFromText('POINT(1 2)'), 10.50, 2), (2, NULL, 1, 1);

/*M! CREATE TABLE maria (id UUID PRIMARY KEY, six INET6) */;
/*M! INSERT INTO maria VALUES ('6F9619FF-8B86-D011-B42D-00CF4FC964FF', '2001:db8::1') */;
/*M! CREATE SEQUENCE ticket START WITH 7 */;

CREATE TABLE `Group "x" ``y``` (
  `a b` INT NOT NULL, `select` VARCHAR(30) NOT NULL, `c.d%` TEXT, PRIMARY KEY (`a b`, `select`)
);
INSERT INTO `Group "x" ``y``` VALUES (1, 'k', 'v'), (1, 'l', NULL);

CREATE TABLE authors (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(100) NOT NULL, email VARCHAR(100) NOT NULL, bio TEXT, boss INT,
  CONSTRAINT one_email UNIQUE (email),
  KEY by_name (name DESC), KEY bio_begins (bio(10)), FULLTEXT KEY words (bio),
  CONSTRAINT has_boss FOREIGN KEY (boss) REFERENCES authors (id) ON DELETE SET NULL ON UPDATE CASCADE
);
CREATE TABLE books (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  author INT NOT NULL, a INT, s VARCHAR(30), title VARCHAR(200) NOT NULL,
  KEY by_name (title),
  CONSTRAINT written_by FOREIGN KEY (author) REFERENCES authors (id) ON DELETE CASCADE,
  CONSTRAINT in_group FOREIGN KEY (a, s) REFERENCES `Group "x" ``y``` (`a b`, `select`)
);
INSERT INTO authors VALUES (1, 'Ann', 'ann@example.org', 'wrote', 2), (2, 'Bob', 'bob@example.org', NULL, NULL);
INSERT INTO books VALUES (10, 1, 1, 'k', 'First'), (11, 2, NULL, NULL, 'Second');

CREATE TABLE chicken (id INT PRIMARY KEY, egg INT);
CREATE TABLE egg (id INT PRIMARY KEY, chicken INT, CONSTRAINT hatched FOREIGN KEY (chicken) REFERENCES chicken (id));
ALTER TABLE chicken ADD CONSTRAINT laid FOREIGN KEY (egg) REFERENCES egg (id);
INSERT INTO chicken VALUES (1, 1);
INSERT INTO egg VALUES (1, 1);

CREATE TABLE log (n INT NOT NULL AUTO_INCREMENT, day DATE NOT NULL, line TEXT, PRIMARY KEY (day, n), KEY (n));
INSERT INTO log (day, line) VALUES ('2026-01-01', 'a'), ('2026-01-01', 'b');

CREATE TABLE keyless (a INT, b VARCHAR(10));
INSERT INTO keyless VALUES (1, 'x'), (1, 'x'), (NULL, NULL);
CREATE TABLE empty_one (id INT PRIMARY KEY);

CREATE TABLE many (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40) NOT NULL, score DOUBLE, at DATETIME(3) NOT NULL, note TEXT,
  UNIQUE KEY by_number (name)
);
CREATE TABLE digits (d INT PRIMARY KEY);
INSERT INTO digits VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9);
INSERT INTO many (name, score, at, note)
  SELECT concat('n', v), v / 8, '2026-01-01' + INTERVAL v SECOND, if(v % 3 = 0, NULL, concat('note ', v)) FROM (
    SELECT a.d + 10 * b.d + 100 * c.d + 1000 * d.d + 10000 * e.d AS v
    FROM digits a, digits b, digits c, digits d, digits e) AS counted ORDER BY v;

CREATE VIEW fair AS SELECT id, total FROM odd_kinds;
CREATE TRIGGER books_named BEFORE INSERT ON books FOR EACH ROW SET NEW.title = trim(NEW.title);
CREATE PROCEDURE nothing_much() SELECT 1;
SET foreign_key_checks = 1;
