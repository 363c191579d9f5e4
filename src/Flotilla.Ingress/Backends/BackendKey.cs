namespace Flotilla.Ingress.Backends;

internal enum BackendProtocol
{
    Http,
    Https,

    /// <summary>HTTP/2 without TLS: gRPC, and services whose port says <c>kubernetes.io/h2c</c>.</summary>
    Grpc,
    Grpcs,
}

/// <summary>A port of a Service, by number or name, and how its pods are spoken to.</summary>
internal sealed record BackendKey(string Namespace, string Service, string Port, BackendProtocol Protocol)
{
    /// <summary>How TLS is spoken; null: as nobody asked for anything, without checks.</summary>
    public BackendTls? Tls { get; init; }

    public bool IsSecure => Protocol is BackendProtocol.Https or BackendProtocol.Grpcs;

    // Whose TLS is told is spoken to below what knows of schemes.
    public string Scheme => Tls is null && Protocol is BackendProtocol.Https or BackendProtocol.Grpcs ? "https" : "http";

    public bool IsHttp2 => Protocol is BackendProtocol.Grpc or BackendProtocol.Grpcs;

    public override string ToString() => $"{Namespace}/{Service}:{Port}";
}
