using System.Text.Json.Nodes;
using Flotilla.Server.Objects;

namespace Flotilla.Server.Http;

public enum Shape
{
    Object,
    Table,
    Metadata,
}

/// <summary>What the client wants back: the object, a table of it, or its metadata alone; as JSON or YAML.</summary>
public sealed record Representation(Shape Shape, bool IsYaml)
{
    public string WatchContentType => "application/json";

    /// <exception cref="Api.ApiException">406: nothing the client accepts is offered.</exception>
    public static Representation Negotiate(string accept)
    {
        if (accept.Length == 0)
        {
            return new Representation(Shape.Object, false);
        }

        foreach (var clause in accept.Split(',', StringSplitOptions.TrimEntries))
        {
            var parts = clause.Split(';', StringSplitOptions.TrimEntries);
            var yaml = parts[0] is "application/yaml" or "text/yaml";
            if (!yaml && parts[0] is not ("application/json" or "*/*" or "application/*"))
            {
                continue;
            }

            string? Parameter(string name) => parts.FirstOrDefault(part => part.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..];
            switch (Parameter("as"), Parameter("g"), Parameter("v"))
            {
                case (null, _, _):
                    return new Representation(Shape.Object, yaml);
                case ("Table", "meta.k8s.io", "v1"):
                    return new Representation(Shape.Table, yaml);
                case ("PartialObjectMetadata" or "PartialObjectMetadataList", "meta.k8s.io", "v1"):
                    return new Representation(Shape.Metadata, yaml);
            }
        }

        throw Failures.NotAcceptable();
    }

    public ApiAnswer Answer(JsonNode value, int code = 200, IReadOnlyList<string>? warnings = null) => IsYaml
        ? new ApiAnswer { Code = code, ContentType = "application/yaml", Body = YamlWriter.Write(value), Warnings = warnings ?? [] }
        : new ApiAnswer { Code = code, Body = StoredObject.Serialize(value), Warnings = warnings ?? [] };
}
