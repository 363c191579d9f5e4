using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api.Schema;

namespace Flotilla.Api.Tests;

/// <summary>Objects of any type with every field likely to be set, the same for the same seed.</summary>
internal sealed class RandomObjects(int seed)
{
    private const int MaxDepth = 9;
    private static readonly string[] Words = ["a", "web-1", "über\n\"quoted\"", "", "x=y", "🚢", "/var/run", "100m"];
    private static readonly string[] Quantities = ["1", "250m", "1Gi", "0", "5M", "1500m"];
    private static readonly DateTimeOffset Noon = new(2026, 3, 4, 12, 0, 0, TimeSpan.Zero);
    private readonly Random random = new(seed);

    public JsonObject Of(TypeSchema type) => Object(type, 0);

    private JsonObject Object(TypeSchema type, int depth)
    {
        var value = new JsonObject();
        foreach (var field in type.Fields.Values)
        {
            // Messages do not repeat kind and version of what they contain.
            if ((type.Kinds.Count > 0 || type.GoStruct == "DeleteOptions") && field.Name is ("kind" or "apiVersion"))
            {
                continue;
            }

            if (random.Next(100) < (depth < 3 ? 75 : 40) && Value(field.Value, depth + 1) is { } part)
            {
                value[field.Name] = part;
            }
        }

        return value;
    }

    private JsonNode? Value(ValueSchema schema, int depth)
    {
        if (depth > MaxDepth)
        {
            return null;
        }

        return schema.Kind switch
        {
            ValueKind.String => Word(),
            ValueKind.Int32 => random.Next(-3, 70_000),
            ValueKind.Int64 => random.NextInt64(-5, 1L << 40),
            ValueKind.Double => random.Next(1000) / 8.0,
            ValueKind.Boolean => random.Next(2) == 0,
            ValueKind.Bytes => Convert.ToBase64String(Bytes()),
            ValueKind.Time => Times.Seconds(Noon.AddSeconds(random.Next(1_000_000))),
            ValueKind.MicroTime => Times.Micro(Noon.AddMicroseconds(random.Next(1_000_000))),
            ValueKind.Quantity => Quantities[random.Next(Quantities.Length)],
            ValueKind.IntOrString => random.Next(2) == 0 ? random.Next(65_535) : Word(),
            ValueKind.List => List(schema.Element!, depth),
            ValueKind.Map => Map(schema.Element!, depth),
            ValueKind.Any => Free(),
            _ => schema.Type!.FreeForm ? FreeForm(schema.Type, depth) : Object(schema.Type, depth),
        };
    }

    private JsonArray List(ValueSchema element, int depth)
    {
        var list = new JsonArray();
        for (var i = random.Next(3); i >= 0; i--)
        {
            if (Value(element, depth + 1) is { } item)
            {
                list.Add(item);
            }
        }

        return list;
    }

    private JsonObject Map(ValueSchema element, int depth)
    {
        var map = new JsonObject();
        for (var i = random.Next(4); i >= 0; i--)
        {
            if (Value(element, depth + 1) is { } item)
            {
                map[string.Create(CultureInfo.InvariantCulture, $"key.{random.Next(50)}/{Word()}")] = item;
            }
        }

        return map;
    }

    // Types that are any JSON by schema, yet mean something: schemas may have simpler things in their place.
    private JsonNode? FreeForm(TypeSchema type, int depth)
    {
        var schema = SchemaTable.BuiltIn["io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps"];
        return type.GoStruct switch
        {
            "JSONSchemaPropsOrBool" when random.Next(2) == 0 => random.Next(2) == 0,
            "JSONSchemaPropsOrArray" when random.Next(2) == 0 => new JsonArray(Object(schema, depth + 3), Object(schema, depth + 3)),
            "JSONSchemaPropsOrStringArray" when random.Next(2) == 0 => new JsonArray("a", "b"),
            "JSONSchemaPropsOrBool" or "JSONSchemaPropsOrArray" or "JSONSchemaPropsOrStringArray" => Object(schema, depth + 3),
            _ => Free(),
        };
    }

    private JsonObject Free() => new() { ["kind"] = Word(), ["n"] = random.Next(), ["list"] = new JsonArray(1, "two", new JsonObject { ["three"] = true }) };

    private byte[] Bytes()
    {
        var bytes = new byte[random.Next(1, 40)];
        random.NextBytes(bytes);
        return bytes;
    }

    private string Word() => Words[random.Next(Words.Length)];
}
