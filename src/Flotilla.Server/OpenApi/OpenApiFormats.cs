using System.Globalization;

namespace Flotilla.Server.OpenApi;

internal enum OpenApiFormat
{
    Json,
    Protobuf,
}

/// <summary>The media types that descriptions of the API come in.</summary>
internal static class OpenApiFormats
{
    public static string Protobuf(OpenApiVersion version) => $"application/com.github.proto-openapi.spec.{Name(version)}.v1.0+protobuf";

    // Clients of old still ask by the name that turned out to be no valid media type.
    private static string OldProtobuf(OpenApiVersion version) => $"application/com.github.proto-openapi.spec.{Name(version)}@v1.0+protobuf";

    /// <summary>The first that the client would like best; null: none that it takes.</summary>
    public static OpenApiFormat? Negotiate(string accept, OpenApiVersion version)
    {
        if (accept.Length == 0)
        {
            return OpenApiFormat.Json;
        }

        var clauses = accept.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(clause => clause.Split(';', StringSplitOptions.TrimEntries));
        foreach (var clause in clauses.OrderByDescending(Weight))
        {
            switch (clause[0])
            {
                case "application/json" or "application/*" or "*/*" or "*":
                    return OpenApiFormat.Json;
                case var type when type == Protobuf(version) || type == OldProtobuf(version):
                    return OpenApiFormat.Protobuf;
            }
        }

        return null;
    }

    private static string Name(OpenApiVersion version) => version == OpenApiVersion.V2 ? "v2" : "v3";

    private static double Weight(string[] clause) =>
        clause.FirstOrDefault(part => part.StartsWith("q=", StringComparison.Ordinal)) is { } weight && double.TryParse(weight[2..], NumberStyles.Float, CultureInfo.InvariantCulture, out var given) ? given : 1;
}
