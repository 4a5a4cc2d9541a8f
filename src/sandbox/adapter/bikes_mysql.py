"""The data of a bike-sharing system for MySQL and MariaDB: as `bikes_postgres.py`, with what those have.

Made inside the database by MariaDB's sequence engine; the schema itself is MySQL's as well. Auto-increment keys, foreign
keys, a unique key over a generated column, enum, set, JSON, bytes, long text, microseconds, a trigger, a view, a
function, a table without a primary key but with a unique one.
"""

import zlib
from collections.abc import Callable

from .bikes_postgres import sizes


def script(city: str, megabytes: int) -> str:
    """The SQL that makes and fills everything, to be run by the owner in an empty database."""
    rows, seed = sizes(megabytes), zlib.crc32(city.encode()) % 10007

    def chance(row: str, which: int) -> str:
        """A number below 2^31 that looks random: the same for the same row, column and city."""
        return f"((({row} * 48271 + {which * 40692 + seed}) % 2147483647) * 69621 % 2147483647)"

    return _SCHEMA + _data(rows, chance) + _AFTER


# Not in the binlog: as where it has been purged, nobody can follow from the beginning without a copy.
_SCHEMA = """
SET SESSION sql_log_bin = 0, foreign_key_checks = 0, unique_checks = 0;
CREATE TABLE system_regions (region_id int AUTO_INCREMENT PRIMARY KEY, name varchar(100) NOT NULL UNIQUE);
CREATE TABLE vehicle_types (
  vehicle_type_id smallint PRIMARY KEY, form_factor enum('bicycle', 'cargo_bicycle', 'electric_bicycle') NOT NULL,
  name varchar(100) NOT NULL, max_range_meters int);
CREATE TABLE stations (
  station_id varchar(20) PRIMARY KEY, region_id int NOT NULL, name varchar(200) NOT NULL,
  short_name varchar(12) NOT NULL UNIQUE, lat double NOT NULL, lon double NOT NULL, address varchar(200),
  capacity int NOT NULL CHECK (capacity > 0), rental_methods set('key', 'creditcard', 'phone') NOT NULL,
  rental_uris json NOT NULL, is_virtual_station boolean NOT NULL DEFAULT false,
  FOREIGN KEY (region_id) REFERENCES system_regions (region_id));
CREATE TABLE station_status (
  station_id varchar(20) PRIMARY KEY, num_bikes_available int NOT NULL, num_docks_available int NOT NULL,
  is_renting boolean NOT NULL, is_returning boolean NOT NULL, last_reported datetime(6) NOT NULL,
  FOREIGN KEY (station_id) REFERENCES stations (station_id));
CREATE TABLE bikes (
  bike_id int AUTO_INCREMENT PRIMARY KEY, vehicle_type_id smallint NOT NULL, station_id varchar(20),
  is_reserved boolean NOT NULL DEFAULT false, is_disabled boolean NOT NULL DEFAULT false, current_range_meters int,
  last_reported timestamp(6) NOT NULL DEFAULT current_timestamp(6),
  FOREIGN KEY (vehicle_type_id) REFERENCES vehicle_types (vehicle_type_id),
  FOREIGN KEY (station_id) REFERENCES stations (station_id));
CREATE TABLE riders (
  rider_id bigint AUTO_INCREMENT PRIMARY KEY, email varchar(200) NOT NULL UNIQUE, name varchar(200) NOT NULL,
  phone varchar(30), born date, preferences json NOT NULL DEFAULT ('{}'),
  created_at datetime(6) NOT NULL DEFAULT current_timestamp(6));
CREATE TABLE trips (
  trip_id bigint AUTO_INCREMENT PRIMARY KEY, bike_id int NOT NULL, rider_id bigint NOT NULL,
  start_station_id varchar(20) NOT NULL, end_station_id varchar(20), started_at datetime(6) NOT NULL,
  ended_at datetime(6), distance_meters float, route json,
  duration_seconds int GENERATED ALWAYS AS (timestampdiff(SECOND, started_at, ended_at)) STORED,
  open_bike_id int GENERATED ALWAYS AS (if(ended_at IS NULL, bike_id, NULL)) STORED,
  UNIQUE KEY one_open_trip_a_bike (open_bike_id), KEY trips_of_rider (rider_id, started_at),
  FOREIGN KEY (bike_id) REFERENCES bikes (bike_id), FOREIGN KEY (rider_id) REFERENCES riders (rider_id),
  FOREIGN KEY (start_station_id) REFERENCES stations (station_id),
  FOREIGN KEY (end_station_id) REFERENCES stations (station_id));
CREATE TABLE payments (
  payment_id char(32) PRIMARY KEY, trip_id bigint NOT NULL UNIQUE, amount decimal(8, 2) NOT NULL, currency char(3) NOT NULL,
  paid_at datetime(6) NOT NULL, provider varchar(20) NOT NULL, token varbinary(16) NOT NULL, KEY payments_paid_at (paid_at),
  FOREIGN KEY (trip_id) REFERENCES trips (trip_id));
CREATE TABLE bike_notes (
  bike_id int NOT NULL, noted_on date NOT NULL, note mediumtext NOT NULL, UNIQUE KEY bike_notes_identity (bike_id, noted_on),
  FOREIGN KEY (bike_id) REFERENCES bikes (bike_id));
CREATE FUNCTION trip_price(seconds int) RETURNS decimal(8, 2) DETERMINISTIC RETURN round(2 + 0.15 * ceil(seconds / 60), 2);
"""


def _data(rows: dict[str, int], chance: Callable[[str, int], str]) -> str:
    trips, riders, bikes, stations = rows["trips"], rows["riders"], rows["bikes"], rows["stations"]
    last = trips - bikes // 10  # the trips after it are under way
    return f"""
INSERT INTO system_regions (name) SELECT concat('Region ', seq) FROM seq_1_to_5;
INSERT INTO vehicle_types VALUES
  (1, 'bicycle', 'City bike', NULL), (2, 'electric_bicycle', 'E-bike', 60000), (3, 'cargo_bicycle', 'Cargo bike', 40000);
INSERT INTO stations SELECT
  concat('station-', lpad(seq, 5, '0')), 1 + {chance("seq", 1)} % 5, concat('Torv nr ', seq, ' – Nord'), concat('S', seq),
  59.74 + {chance("seq", 2)} % 100000 / 1e6, 10.2 + {chance("seq", 3)} % 100000 / 1e6,
  if(seq % 9 = 0, NULL, concat('Storgata ', seq)), 10 + {chance("seq", 4)} % 40, if(seq % 3 = 0, 'key', 'key,creditcard,phone'),
  json_object('android', concat('https://bikes.example/a/', seq)), seq % 17 = 0 FROM seq_1_to_{stations};
INSERT INTO station_status SELECT station_id, capacity DIV 2, capacity - capacity DIV 2, true, true,
  '2026-11-01 12:00:00' FROM stations;
INSERT INTO bikes (vehicle_type_id, station_id, is_disabled, current_range_meters, last_reported) SELECT
  1 + {chance("seq", 5)} % 3, if(seq % 10 = 0, NULL, concat('station-', lpad(1 + {chance("seq", 6)} % {stations}, 5, '0'))),
  seq % 50 = 0, {chance("seq", 7)} % 60000, '2026-11-01 12:00:00' + INTERVAL seq SECOND FROM seq_1_to_{bikes};
INSERT INTO riders (email, name, phone, born, preferences, created_at) SELECT
  concat('rider', seq, '@post.example'), concat(elt(1 + {chance("seq", 8)} % 5, 'Åsa', 'Bjørn', 'Zoë', 'Łukasz', 'Ingrid'), ' ', seq),
  if(seq % 4 = 0, NULL, concat('+47 ', {chance("seq", 9)} % 10000000)), '1950-01-01' + INTERVAL {chance("seq", 10)} % 20000 DAY,
  json_object('language', elt(1 + {chance("seq", 11)} % 4, 'sv', 'nb', 'nl', 'en'), 'helmet', seq % 2),
  '2024-01-01' + INTERVAL seq * 7 MINUTE FROM seq_1_to_{riders};
INSERT INTO trips (bike_id, rider_id, start_station_id, end_station_id, started_at, ended_at, distance_meters, route) SELECT
  if(seq > {last}, seq - {last}, 1 + {chance("seq", 12)} % {bikes}), 1 + {chance("seq", 13)} % {riders},
  concat('station-', lpad(1 + {chance("seq", 14)} % {stations}, 5, '0')),
  if(seq > {last}, NULL, concat('station-', lpad(1 + {chance("seq", 15)} % {stations}, 5, '0'))),
  '2026-01-01' + INTERVAL seq * {300 * 86400 // trips} SECOND, if(seq > {last}, NULL,
    '2026-01-01' + INTERVAL seq * {300 * 86400 // trips} + 60 + {chance("seq", 16)} % 5400 SECOND),
  {chance("seq", 17)} % 9000 / 3.0, json_array(json_array({chance("seq", 18)} % 100000, {chance("seq", 19)} % 100000),
    json_array({chance("seq", 20)} % 100000, {chance("seq", 21)} % 100000)) FROM seq_1_to_{trips};
INSERT INTO payments SELECT md5(concat('payment ', trip_id)), trip_id, trip_price(duration_seconds), 'NOK',
  ended_at + INTERVAL 2 SECOND, elt(1 + {chance("trip_id", 22)} % 3, 'card', 'vipps', 'invoice'),
  unhex(md5(concat('token ', trip_id))) FROM trips WHERE ended_at IS NOT NULL AND trip_id % 2 = 0 ORDER BY trip_id;
INSERT INTO bike_notes SELECT bike_id, '2026-03-01' + INTERVAL bike_id % 200 DAY, if(bike_id % 20 = 0,
  (SELECT group_concat(md5(concat(bike_id, ' ', seq)) ORDER BY seq SEPARATOR ' ') FROM seq_1_to_800),
  'brakes checked, chain oiled') FROM bikes;
"""


_AFTER = """
CREATE VIEW station_occupancy AS SELECT s.station_id, s.name, st.num_bikes_available / s.capacity AS occupied
  FROM stations s JOIN station_status st USING (station_id);
CREATE TRIGGER station_reported BEFORE UPDATE ON station_status FOR EACH ROW SET NEW.last_reported = now(6);
ANALYZE TABLE trips, payments, riders, bikes, stations;
"""
