using System.Globalization;
using System.Text.Json.Nodes;

namespace Flotilla.Cel.Tests;

/// <summary>
/// What rules cost when they are run on objects: upstream promises these figures from release to release. Each line is a
/// cost and a rule that holds.
/// </summary>
public class CostStabilityTests
{
    private const string Text = """{"type": "string"}""";
    private const string Int = """{"type": "integer"}""";

    [Fact]
    public void Numbers() => Check(
        $$"""{"val1": {{Int}}, "val2": {"type": "number"} }""", """{"val1": 5, "val2": 10.0}""",
        """
        4 type(self.val1) == int
        6 double(self.val1) < self.val2
        6 self.val1 < int(self.val2)
        1 double(5) < 10.0
        1 5 < int(10.0)
        4 double(self.val1) < 10.0
        5 self.val1 == self.val1
        """);

    [Fact]
    public void Strings() => Check(
        $$"""{"val1": {{Text}}, "val2": {{Text}} }""", """{"val1": "Rook takes 👑", "val2": "Rook takes 👑"}""",
        """
        4 self.val1.startsWith('Rook')
        5 !self.val1.startsWith('knight')
        8 self.val1.matches('^[^0-9]*$')
        7 !self.val1.matches('^[0-9]*$')
        4 type(self.val1) == string
        4 size(self.val1) == 12
        4 self.val1.charAt(3) == 'k'
        4 self.val1.indexOf('o') == 1
        4 self.val1.indexOf('o', 2) == 2
        7 self.val1.replace(' ', 'x') == 'Rookxtakesx👑'
        7 self.val1.replace(' ', 'x', 1) == 'Rookxtakes 👑'
        6 self.val1.split(' ') == ['Rook', 'takes', '👑']
        6 self.val1.split(' ', 2) == ['Rook', 'takes 👑']
        5 self.val1.substring(5) == 'takes 👑'
        5 self.val1.substring(0, 4) == 'Rook'
        6 self.val1.substring(4, 10).trim() == 'takes'
        6 self.val1.upperAscii() == 'ROOK TAKES 👑'
        6 self.val1.lowerAscii() == 'rook takes 👑'
        """);

    [Fact]
    public void Formats() => Check(
        """
        {"raw": {"type": "string", "format": "byte"}, "span": {"type": "string", "format": "duration"}, "day": {"type": "string", "format": "date"},
         "time": {"type": "string", "format": "date-time"}, "flag": {"type": "boolean"}, "state": {"type": "string", "enum": ["Pending", "Bound"]},
         "half": {"type": "number"}, "ten": {"type": "string"}, "when": {"type": "string"}, "date": {"type": "string"}}
        """,
        """
        {"raw": "QUI=", "span": "1h2m3s4ms", "day": "1997-07-16", "time": "2011-08-18T19:03:37.010000000+01:00", "flag": true, "state": "Pending",
         "half": 10.5, "ten": "10", "when": "2011-08-18T18:03:37.01Z", "date": "1997-07-16T00:00:00Z"}
        """,
        """
        5 self.raw == self.raw
        3 self.raw == b'AB'
        4 size(self.raw) == 2
        4 type(self.flag) == bool
        4 self.span == duration('1h2m') + duration('3s4ms')
        4 self.span.getHours() == 1
        4 type(self.span) == google.protobuf.Duration
        4 self.day.getDate() == 16
        4 self.time == timestamp('2011-08-18T00:00:00.000+01:00') + duration('19h3m37s10ms')
        4 self.time.getDate('01:00') == 18
        3 self.state == 'Pending'
        2 self.state in ['Pending', 'Available']
        4 string(self.half) == '10.5'
        6 timestamp(self.when) == self.time
        8 string(self.time) == self.when
        7 string(self.day) == self.date
        """);

    [Fact]
    public void Lists() => Check(
        $$"""
        {"val1": {"type": "array", "items": {{Int}} }, "val2": {"type": "array", "items": {{Int}} },
         "set1": {"type": "array", "x-kubernetes-list-type": "set", "items": {{Text}} }, "set2": {"type": "array", "x-kubernetes-list-type": "set", "items": {{Text}} },
         "array": {"type": "array", "items": {{Int}} } }
        """,
        """{"val1": [1, 2, 3], "val2": [1, 2, 3], "set1": ["a", "b", "c"], "set2": ["a", "c", "b"], "array": [1, 1, 2, 2, 3, 3, 4, 5]}""",
        """
        5 1 in self.val1
        8 self.val2[0] in self.val1
        6 !(0 in self.val1)
        6 self.val1 + self.val2 == [1, 2, 3, 1, 2, 3]
        4 self.val1 + [4, 5] == [1, 2, 3, 4, 5]
        3 self.set1 == ['c', 'b', 'a']
        5 self.set1 == self.set2
        5 'a' in self.set1
        6 self.set1 + self.set2 == ['a', 'b', 'c']
        4 self.set1 + ['c', 'd'] == ['a', 'b', 'c', 'd']
        10 2 in self.array
        43 self.array.all(e, e > 0)
        36 self.array.exists(e, e > 2)
        22 self.array.exists_one(e, e > 4)
        21 !self.array.all(e, e < 2)
        52 !self.array.exists(e, e < 0)
        25 !self.array.exists_one(e, e == 2)
        68 size(self.array.filter(e, e%2 == 0)) == 3
        194 self.array.map(e, e * 20).filter(e, e > 50).exists(e, e == 60)
        4 size(self.array) == 8
        """);

    [Fact]
    public void Lists_of_objects() => Check(
        $$"""
        {"objs": {"type": "array", "items": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"],
           "items": {"type": "object", "properties": {"k": {{Text}}, "v": {{Text}} } } } },
         "listMap": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"],
           "items": {"type": "object", "properties": {"k": {{Text}}, "v": {{Text}}, "v2": {{Text}} } } } }
        """,
        """
        {"objs": [[{"k": "a", "v": "1"}, {"k": "b", "v": "2"}], [{"k": "b", "v": "2"}, {"k": "a", "v": "1"}], [{"k": "b", "v": "3"}, {"k": "a", "v": "1"}], [{"k": "c", "v": "4"}]],
         "listMap": [{"k": "a1", "v": "b1"}, {"k": "a2", "v": "b2"}, {"k": "a3", "v": "b3", "v2": "z"}]}
        """,
        """
        7 self.objs[0] == self.objs[1]
        11 self.objs[0] + self.objs[2] == self.objs[2]
        11 self.objs[2] + self.objs[0] == self.objs[0]
        22 self.objs[0] == [self.objs[0][0], self.objs[0][1]]
        22 self.objs[0] == [self.objs[0][1], self.objs[0][0]]
        26 self.objs[2] + [self.objs[0][0], self.objs[0][1]] == self.objs[0]
        20 size(self.objs[0] + [self.objs[3][0]]) == 3
        3 has(self.listMap[0].v)
        21 self.listMap.all(m, m.k.startsWith('a'))
        21 self.listMap.all(m, !has(m.v2) || m.v2 == 'z')
        13 self.listMap.exists(m, m.k.endsWith('1'))
        15 self.listMap.exists_one(m, m.k == 'a3')
        18 !self.listMap.all(m, m.k.endsWith('1'))
        25 !self.listMap.exists(m, m.v == 'x')
        20 !self.listMap.exists_one(m, m.k.startsWith('a'))
        27 size(self.listMap.filter(m, m.k == 'a1')) == 1
        16 self.listMap.exists(m, m.k == 'a1' && m.v == 'b1')
        55 self.listMap.map(m, m.v).exists(v, v == 'b1')
        21 self.listMap.exists(m, has(m.v2) && m.v2 == 'z')
        10 !self.listMap.all(m, has(m.v2) && m.v2 != 'z')
        12 self.listMap.exists_one(m, has(m.v2) && m.v2 == 'z')
        24 self.listMap.filter(m, has(m.v2) && m.v2 == 'z').size() == 1
        25 self.listMap.map(m, has(m.v2) && m.v2 == 'z', m.v2).size() == 1
        39 self.listMap.filter(m, has(m.v2) && m.v2 == 'z').map(m, m.v2).size() == 1
        24 self.listMap.exists(m, m.v2 == 'z')
        22 !self.listMap.all(m, m.v2 != 'z')
        """);

    [Fact]
    public void Maps_and_objects() => Check(
        $$"""
        {"val1": {"type": "object", "additionalProperties": {{Text}} }, "val": {"type": "object", "additionalProperties": {{Int}} },
         "a": {"type": "object", "properties": {"b": {{Int}}, "c": {{Int}} } },
         "a1": {"type": "object", "properties": {"b1": {"type": "object", "properties": {"c1": {{Int}} } }, "d2": {"type": "object", "properties": {"e2": {{Int}} } } } },
         "embedded": {"type": "object", "x-kubernetes-embedded-resource": true},
         "mapOfMap": {"type": "object", "additionalProperties": {"type": "object", "additionalProperties": {{Text}} } },
         "none": {"type": "string", "nullable": true} }
        """,
        """
        {"val1": {"k1": "a", "k2": "b"}, "val": {"b": 1, "d": 2}, "a": {"b": 1}, "a1": {"b1": {"c1": 4}},
         "embedded": {"kind": "Pod", "metadata": {"name": "foo", "generateName": "pickItForMe"}}, "mapOfMap": {"x": {"y": "b"}}, "none": null}
        """,
        """
        3 'k1' in self.val1
        4 !('k3' in self.val1)
        3 self.val1 == {'k1': 'a', 'k2': 'b'}
        2 has(self.a.b)
        3 has(self.a1.b1.c1)
        3 !(has(self.a1.d2) && has(self.a1.d2.e2))
        3 !has(self.a1.d2)
        2 has(self.val.b)
        3 !has(self.val.a)
        17 self.val.all(k, self.val[k] > 0)
        14 self.val.exists_one(k, self.val[k] == 2)
        17 !self.val.exists_one(k, self.val[k] > 0)
        26 size(self.val.filter(k, self.val[k] > 1)) == 1
        3 self.kind == 'K'
        4 self.metadata.name == 'foo'
        4 self.embedded.kind == 'Pod'
        6 self.embedded.metadata.generateName == 'pickItForMe'
        5 self.mapOfMap['x']['y'] == 'b'
        2 !has(self.none)
        5 type(self) == type(self)
        """);

    [Fact]
    public void Int_or_string() => Check(
        $$"""{"something": {"x-kubernetes-int-or-string": true}, "min": {"x-kubernetes-int-or-string": true}, "current": {{Int}}, "available": {{Int}} }""",
        """{"something": "25%", "min": "50%", "current": 5, "available": 10}""",
        """
        7 type(self.something) == int ? self.something == 1 : self.something == '25%'
        7 type(self.something) == string && self.something == '25%'
        3 self.something == '25%'
        3 self.something != 1
        6 self.something == 1 || self.something == '25%'
        3 self.something == '25%' || self.something == 1
        3 self.something != ['anything']
        10 type(self.min) == string && self.min.matches(r'(\d+(\.\d+)?%)')
        17 type(self.min) == int ? self.current <= self.min : double(self.current) / double(self.available) >= double(self.min.replace('%', '')) / 100.0
        """);

    [Fact]
    public void Optionals() => Check(
        $$"""
        {"obj": {"type": "object", "properties": {"field": {{Text}}, "absentField": {{Text}} } }, "m": {"type": "object", "additionalProperties": {{Text}} },
         "l": {"type": "array", "items": {{Text}} } }
        """,
        """{"obj": {"field": "a"}, "m": {"k": "v"}, "l": ["a"]}""",
        """
        3 optional.of('a') != optional.of('b')
        3 optional.of('a') != optional.none()
        2 optional.of('a').hasValue()
        2 optional.of('a').or(optional.of('a')).hasValue()
        3 optional.none().or(optional.of('a')).hasValue()
        5 self.obj.?field == optional.of('a')
        4 self.obj.?absentField == optional.none()
        4 self.obj.?field.orValue('v') == 'a'
        5 self.m[?'k'] == optional.of('v')
        5 self.l[?0] == optional.of('a')
        2 optional.ofNonZeroValue(1).hasValue()
        8 optional.of('a').optMap(v, v == 'value').hasValue()
        """);

    private static void Check(string properties, string values, string lines)
    {
        var schema = CelSchema.Read(JsonNode.Parse($$"""{"type": "object", "properties": {{properties}} }""")!.AsObject(), "selfType", isResourceRoot: true)!;
        var json = JsonNode.Parse(values)!.AsObject();
        json["kind"] = "K";
        json["metadata"] = new JsonObject { ["name"] = "foo" };
        var environment = Run.Kubernetes.With("self", schema.Type);
        Assert.Multiple([.. lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => (Action)(() =>
        {
            var (cost, rule) = (line[..line.IndexOf(' ')], line[(line.IndexOf(' ') + 1)..]);
            var compiled = environment.Compile(rule);
            Assert.True(compiled.Program is not null, compiled.IssueText);
            var result = compiled.Program.Evaluate(new CelBindings().Set("self", schema.Value(json)));
            Assert.Equal($"{cost} True {rule}", string.Create(CultureInfo.InvariantCulture, $"{result.Cost} {result.Error ?? result.IsTrue.ToString()} {rule}"));
        }))]);
    }
}
