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
    public const string Protobuf = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

    // Clients of old still ask by the name that turned out to be no valid media type.
    private const string OldProtobuf = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";

    /// <summary>The first that the client would like best; null: none that it takes.</summary>
    public static OpenApiFormat? Negotiate(string accept, bool hasProtobuf)
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
                case Protobuf or OldProtobuf when hasProtobuf:
                    return OpenApiFormat.Protobuf;
            }
        }

        return null;
    }

    private static double Weight(string[] clause) =>
        clause.FirstOrDefault(part => part.StartsWith("q=", StringComparison.Ordinal)) is { } weight && double.TryParse(weight[2..], NumberStyles.Float, CultureInfo.InvariantCulture, out var given) ? given : 1;
}
