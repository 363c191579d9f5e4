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
    public string Scheme => Protocol is BackendProtocol.Https or BackendProtocol.Grpcs ? "https" : "http";

    public bool IsHttp2 => Protocol is BackendProtocol.Grpc or BackendProtocol.Grpcs;

    public override string ToString() => $"{Namespace}/{Service}:{Port}";
}
