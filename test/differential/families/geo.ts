import { anyOrder, type Family, key, many, maybe, oneOf, seq, word } from "../generate.ts";

const MEMBERS = ["m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "m9", "m10", "m11", "m12", "", "\xff\x00"];
const member = word(...MEMBERS);
const longitude = word("0", "13.361389", "15.087269", "-73.9454966", "179.5", "-179.5", "180", "-180", "0.5", "1e1");
const latitude = word("0", "38.115556", "37.502669", "40.747533", "36", "85.05112878", "-85.05112878", "84", "-1");
const badPlace = word("180.1", "-86", "abc", "", "nan", "inf", "1e400");
const place = oneOf(
  seq(longitude, latitude),
  seq(longitude, latitude),
  seq(longitude, latitude),
  seq(longitude, latitude),
  seq(badPlace, latitude),
  seq(longitude, badPlace),
);
const goodPlace = seq(longitude, latitude);
const unit = word("m", "km", "KM", "ft", "mi", "km", "km", "parsec");
const size = word("0", "1", "200", "1000", "5000", "20000", "50000", "1e3", "-1", "abc");
const order = word("ASC", "DESC", "asc");
const limit = seq(word("COUNT", "count"), word("1", "2", "3", "5", "8", "100", "0", "-1", "abc"), maybe(word("ANY")));
const shown = anyOrder(word("WITHDIST"), word("WITHCOORD"), word("WITHHASH"));
const store = seq(word("STORE", "STOREDIST"), key);
const from = oneOf(seq(word("FROMMEMBER"), member), seq(word("FROMLONLAT"), place));
const by = oneOf(seq(word("BYRADIUS"), size, unit), seq(word("BYBOX"), size, size, unit));

export const geo: Family = {
  name: "geo",
  commands: {
    GEOADD: seq(key, anyOrder(word("NX", "XX"), word("CH")), many(seq(goodPlace, member), 1, 12)),
    GEODIST: seq(key, member, member, maybe(unit)),
    GEOHASH: seq(key, many(member, 0, 4)),
    GEOPOS: seq(key, many(member, 0, 4)),
    GEORADIUS: seq(key, place, size, unit, anyOrder(shown, order, limit, maybe(store))),
    GEORADIUS_RO: seq(key, place, size, unit, anyOrder(shown, order, limit)),
    GEORADIUSBYMEMBER: seq(key, member, size, unit, anyOrder(shown, order, limit, maybe(store))),
    GEORADIUSBYMEMBER_RO: seq(key, member, size, unit, anyOrder(shown, order, limit)),
    GEOSEARCH: seq(key, anyOrder(from, by, shown, order, limit)),
    GEOSEARCHSTORE: seq(key, key, anyOrder(from, by, order, limit, word("STOREDIST"))),
    ZADD: seq(key, word("0", "-1", "1e18", "-1e300", "inf", "3479099956230698.5"), member),
    "OBJECT ENCODING": key,
  },
  cases: `
    GEOADD s 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
    GEOADD s 13.361389 38.115556 Palermo
    GEOADD s NX 1 1 Palermo 2 2 new
    GEOADD s XX CH 1 1 Palermo 2 2 newer
    GEOADD s ch 13.361389 38.115556 Palermo
    GEOADD s NX XX 1 1 a
    GEOADD s NX CH XX
    GEOADD s NX CH CH
    GEOADD s 1 1
    GEOADD s 1 1 a 2
    GEOADD s foo 1 1 a
    GEOADD s foo 1 a
    GEOADD s 1 foo a
    GEOADD s 1 1 a foo bar b
    GEOADD s 181 0 a
    GEOADD s -180.0001 0 a
    GEOADD s 0 86 a
    GEOADD s 0 -85.05112879 a
    GEOADD s 1e30 -1e20 a
    GEOADD s inf -inf a
    GEOADD s nan 0 a
    GEOADD s -0 100 a
    GEOADD edges 180 85.05112878 ne -180 -85.05112878 sw 180 -85.05112878 se -180 85.05112878 nw
    ZRANGE edges 0 -1 WITHSCORES
    GEOPOS edges ne sw se nw
    GEOHASH edges ne sw se nw
    GEODIST edges ne sw
    GEODIST edges ne nw mi
    GEOSEARCH edges FROMMEMBER ne BYRADIUS 100 km WITHDIST WITHCOORD WITHHASH ASC
    GEOSEARCH edges FROMLONLAT 180 85 BYBOX 1000 1000 km WITHDIST ASC
    GEOADD none XX 1 1 a
    EXISTS none
    ZRANGE s 0 -1 WITHSCORES
    TYPE s
    OBJECT ENCODING s
    # reading
    GEODIST s Palermo Catania
    GEODIST s Palermo Catania KM
    GEODIST s Palermo Catania ft
    GEODIST s Palermo Catania mi
    GEODIST s Palermo Catania parsec
    GEODIST s Palermo Catania km x
    GEODIST s Palermo missing
    GEODIST s missing missing
    GEODIST missing a b
    GEODIST missing a b parsec
    GEODIST s Palermo Palermo
    GEOHASH s Palermo Catania missing
    GEOHASH s
    GEOHASH missing a b
    GEOPOS s Palermo missing Catania
    GEOPOS s
    GEOPOS missing a
    # scores that are no places
    ZADD odd 0 zero -1 minus 1.5 half 4503599627370496 big 1e300 huge -1e300 low inf inf -inf minf 9007199254740992 b53 18446744073709551615 b64
    GEOPOS odd zero minus half big huge low inf minf b53 b64
    GEOHASH odd zero minus half big huge low inf minf b53 b64
    GEODIST odd zero minus
    GEODIST odd huge low
    GEOSEARCH odd FROMLONLAT 0 0 BYRADIUS 30000 km WITHDIST WITHCOORD
    # radius
    GEORADIUS s 15 37 200 km
    GEORADIUS s 15 37 200 km ASC
    GEORADIUS s 15 37 200 km DESC WITHDIST
    GEORADIUS s 15 37 200 km WITHCOORD WITHDIST WITHHASH ASC
    GEORADIUS s 15 37 200 km WITHHASH COUNT 1
    GEORADIUS s 15 37 200 km COUNT 1 ANY
    GEORADIUS s 15 37 200 km COUNT 1 ANY DESC
    GEORADIUS s 15 37 200 km ANY
    GEORADIUS s 15 37 200 km COUNT
    GEORADIUS s 15 37 200 km COUNT 0
    GEORADIUS s 15 37 200 km COUNT -5
    GEORADIUS s 15 37 200 km COUNT x
    GEORADIUS s 15 37 200 km COUNT 9223372036854775807
    GEORADIUS s 15 37 -1 km
    GEORADIUS s 15 37 x km
    GEORADIUS s 15 37 1 lightyear
    GEORADIUS s x 37 1 km
    GEORADIUS s 200 37 1 km
    GEORADIUS s 15 37 200 km NOPE
    GEORADIUS s 15 37 200 km STORE
    GEORADIUS s 15 37 200 km STORE d WITHDIST
    GEORADIUS s 15 37 200 km STORE d
    ZRANGE d 0 -1 WITHSCORES
    GEORADIUS s 15 37 200 km STOREDIST d
    ZRANGE d 0 -1 WITHSCORES
    GEORADIUS s 15 37 200 m STORE d STOREDIST d2
    EXISTS d d2
    GEORADIUS s 15 37 1 km STORE d
    EXISTS d
    GEORADIUS s 15 37 200 km STORE s
    ZRANGE s 0 -1 WITHSCORES
    GEORADIUS missing 15 37 200 km
    GEORADIUS missing 15 37 200 km STORE d
    GEORADIUS missing 15 37 x km
    GEORADIUS missing 15 37 200 km WITHDIST STORE d
    GEORADIUS_RO s 15 37 200 km ASC
    GEORADIUS_RO s 15 37 200 km STORE d
    GEORADIUSBYMEMBER s Palermo 200 km
    GEORADIUSBYMEMBER s Palermo 200 km WITHDIST DESC
    GEORADIUSBYMEMBER s nobody 200 km
    GEORADIUSBYMEMBER s Palermo x km
    GEORADIUSBYMEMBER missing nobody x nounit
    GEORADIUSBYMEMBER missing nobody x nounit NOPE
    GEORADIUSBYMEMBER s Palermo 200 km STOREDIST d
    ZRANGE d 0 -1 WITHSCORES
    GEORADIUSBYMEMBER_RO s Palermo 200 km
    GEORADIUSBYMEMBER_RO s Palermo 200 km STORE d
    # search
    GEOSEARCH s FROMLONLAT 15 37 BYRADIUS 200 km ASC
    GEOSEARCH s FROMLONLAT 15 37 BYBOX 400 400 km DESC WITHCOORD WITHDIST WITHHASH
    GEOSEARCH s FROMMEMBER Palermo BYRADIUS 200 km
    GEOSEARCH s BYRADIUS 200 km FROMMEMBER Palermo
    GEOSEARCH s FROMMEMBER nobody BYRADIUS 200 km
    GEOSEARCH missing FROMMEMBER nobody BYRADIUS 200 km
    GEOSEARCH s FROMMEMBER Palermo FROMLONLAT 15 37 BYRADIUS 200 km
    GEOSEARCH s FROMLONLAT 15 37 FROMMEMBER Palermo BYRADIUS 200 km
    GEOSEARCH s FROMLONLAT 15 37 FROMLONLAT 13 38 BYRADIUS 20 km
    GEOSEARCH s FROMMEMBER Palermo BYRADIUS 200 km BYBOX 1 1 km
    GEOSEARCH s FROMMEMBER Palermo BYBOX 1 1 km BYRADIUS 200 km
    GEOSEARCH s FROMMEMBER Palermo BYBOX 1 1 km BYBOX 900 900 km
    GEOSEARCH s BYRADIUS 200 km ASC WITHDIST
    geosearch s FROMMEMBER Palermo ASC WITHDIST WITHHASH
    GEOSEARCH s FROMMEMBER Palermo BYRADIUS 200
    GEOSEARCH s FROMMEMBER Palermo BYRADIUS -1 km
    GEOSEARCH s FROMMEMBER Palermo BYRADIUS x km
    GEOSEARCH s FROMMEMBER Palermo BYRADIUS 1 x
    GEOSEARCH s FROMMEMBER Palermo BYBOX x 1 km
    GEOSEARCH s FROMMEMBER Palermo BYBOX 1 x km
    GEOSEARCH s FROMMEMBER Palermo BYBOX -1 x km
    GEOSEARCH s FROMMEMBER Palermo BYBOX -1 1 km
    GEOSEARCH s FROMMEMBER Palermo BYBOX 1 -1 x
    GEOSEARCH s FROMMEMBER Palermo BYBOX 1 1 x
    GEOSEARCH s FROMLONLAT x 1 BYBOX 1 1 km
    GEOSEARCH s FROMLONLAT 1 100 BYBOX 1 1 km
    GEOSEARCH s FROMMEMBER Palermo BYRADIUS 200 km STOREDIST
    GEOSEARCH s FROMMEMBER Palermo BYRADIUS 200 km STORE d
    GEOSEARCH s FROMMEMBER Palermo BYRADIUS 200 km ANY
    GEOSEARCH s FROMMEMBER Palermo BYRADIUS 200 km ANY COUNT 1
    GEOSEARCHSTORE d s FROMMEMBER Palermo BYRADIUS 200 km
    ZRANGE d 0 -1 WITHSCORES
    GEOSEARCHSTORE d s FROMMEMBER Palermo BYRADIUS 200 km STOREDIST
    ZRANGE d 0 -1 WITHSCORES
    OBJECT ENCODING d
    GEOSEARCHSTORE d s FROMMEMBER Palermo BYRADIUS 200 km STOREDIST STOREDIST ASC COUNT 1
    ZRANGE d 0 -1 WITHSCORES
    GEOSEARCHSTORE d s FROMMEMBER Palermo BYRADIUS 200 km WITHDIST
    GEOSEARCHSTORE d s FROMMEMBER Palermo BYRADIUS 200 km STORE d
    GEOSEARCHSTORE d missing FROMMEMBER Palermo BYRADIUS 200 km
    EXISTS d
    SET str x
    GEOSEARCHSTORE str s FROMMEMBER Palermo BYRADIUS 200 km
    TYPE str
    GEOSEARCHSTORE d s FROMLONLAT 100 0 BYRADIUS 1 km
    # around the Earth
    GEOADD w 0 0 a 90 0 b 180 0 c -90 0 d 0 80 e 0 -80 f 179.9 10 g -179.9 10 h
    GEOSEARCH w FROMLONLAT 0 0 BYRADIUS 50000 km ASC WITHDIST
    GEOSEARCH w FROMLONLAT 180 0 BYRADIUS 5000 km ASC WITHDIST
    GEOSEARCH w FROMLONLAT -180 0 BYBOX 5000 5000 km ASC WITHDIST
    GEOSEARCH w FROMLONLAT 0 84 BYRADIUS 3000 km ASC WITHDIST
    GEOSEARCH w FROMLONLAT 0 -84 BYBOX 30000 30000 km ASC WITHDIST
    GEOSEARCH w FROMLONLAT 0 0 BYBOX 50000 1 km ASC WITHDIST
    GEOSEARCH w FROMLONLAT 0 0 BYRADIUS 0 km ASC WITHDIST
    GEOSEARCH w FROMLONLAT 0 0 BYBOX 0 0 m WITHCOORD
    GEOSEARCH w FROMLONLAT 0 0 BYRADIUS 1e300 km COUNT 2
    GEOSEARCH w FROMLONLAT 0 0 BYRADIUS inf km COUNT 2
    # wrong type
    SET x y
    GEOADD x 1 1 a
    GEOADD x 1 x a
    GEODIST x a b
    GEODIST x a b parsec
    GEOHASH x a
    GEOPOS x a
    GEORADIUS x 1 1 1 km
    GEORADIUS x a 1 1 km
    GEORADIUSBYMEMBER x a 1 km
    GEORADIUS_RO x 1 1 1 km
    GEORADIUSBYMEMBER_RO x a 1 km
    GEOSEARCH x FROMMEMBER a BYRADIUS 1 km
    GEOSEARCH x NOPE NOPE NOPE NOPE NOPE
    GEOSEARCHSTORE d x FROMMEMBER a BYRADIUS 1 km
    COMMAND GETKEYS GEORADIUS s 15 37 200 km STORE d
    COMMAND GETKEYS GEORADIUSBYMEMBER s a 200 km STOREDIST d
    COMMAND GETKEYS GEOSEARCHSTORE d s FROMMEMBER Palermo BYRADIUS 200 km
  `,
};
