CREATE TABLE zoo (
    id bigint unsigned AUTO_INCREMENT PRIMARY KEY,
    price decimal(12,4), lat double, small float, at timestamp(6) NULL, local datetime(3), day date, clock time, made year,
    extra json, body varbinary(100), large longblob, long_text longtext, named varchar(40) CHARACTER SET latin1, state enum('docked', 'rented'),
    tags set('a', 'b', 'c'), fixed char(8), padded binary(4), flags bit(5), place point, nothing text,
    doubled decimal(13,4) AS (price * 2) STORED, virtual_one int AS (year(day) + 1) VIRTUAL
);
INSERT INTO zoo (price, lat, small, at, local, day, clock, made, extra, body, large, long_text, named, state, tags, fixed, padded, flags, place, nothing)
SELECT seq * 1.5, seq / 7e0, seq / 3e0, timestamp '2026-03-29 00:30:00' + INTERVAL seq * 37 MINUTE, timestamp '1000-01-01 00:00:00.123' + INTERVAL seq DAY,
    date '2026-01-01' + INTERVAL seq DAY, SEC_TO_TIME(seq * 777), 2000 + seq MOD 50, CONCAT('{"a": ', seq, '}'), UNHEX(LEFT(SHA2(seq, 256), 32)), REPEAT(UNHEX('00ff'), seq),
    CONCAT('station ', seq, ' \\ ''quoted'' 🚲'), IF(seq MOD 2, 'Malmö', 'Å b'), IF(seq MOD 2, 'docked', 'rented'), IF(seq MOD 3, 'a,c', ''), 'x ', 'ab',
    seq MOD 32, POINT(seq, seq / 3), NULL
FROM seq_1_to_500;
CREATE TABLE by_name (name varchar(20) COLLATE utf8mb4_swedish_ci PRIMARY KEY, n int);
INSERT INTO by_name SELECT CONCAT(ELT(seq MOD 5 + 1, 'å', 'z', 'ö', 'Y', 'a''"'), seq), seq FROM seq_1_to_400;
CREATE TABLE by_two (city varchar(10) CHARACTER SET latin1, n int, what text, PRIMARY KEY (city, n));
INSERT INTO by_two SELECT ELT(seq MOD 4 + 1, 'malmo', 'Åre', 'o''dd', 'a,"b'), seq, CONCAT('w', seq) FROM seq_1_to_3000;
CREATE TABLE by_bytes (id binary(16) PRIMARY KEY, n int);
INSERT INTO by_bytes SELECT UNHEX(LEFT(SHA2(seq, 256), 32)), seq FROM seq_1_to_2000;
CREATE TABLE by_time (at datetime(6) NOT NULL, n int, UNIQUE KEY (at));
INSERT INTO by_time SELECT timestamp '2026-01-01 00:00:00' + INTERVAL seq MICROSECOND, seq FROM seq_1_to_100;
CREATE TABLE by_float (f double PRIMARY KEY, n int);
INSERT INTO by_float SELECT seq / 3e0, seq FROM seq_1_to_20;
CREATE TABLE keyless (what text, n int);
INSERT INTO keyless SELECT CONCAT('w', seq MOD 10), seq MOD 10 FROM seq_1_to_300;
CREATE TABLE `odd ``name` (`the key` int PRIMARY KEY, `select` text);
INSERT INTO `odd ``name` SELECT seq, seq FROM seq_1_to_10;
CREATE TABLE trips (id int PRIMARY KEY, what varchar(60));
INSERT INTO trips SELECT seq, REPEAT('x', 50) FROM seq_1_to_60000;
