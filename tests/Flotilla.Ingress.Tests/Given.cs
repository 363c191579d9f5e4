using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Flotilla.Api;
using k8s.Models;

namespace Flotilla.Ingress.Tests;

/// <summary>Objects in the few words a test needs.</summary>
internal static class Given
{
    public const string Node = "node-1";

    public static V1IngressClass Class(string name = "flotilla", string controller = IngressOptions.Controller) => new()
    {
        ApiVersion = "networking.k8s.io/v1",
        Kind = "IngressClass",
        Metadata = new V1ObjectMeta { Name = name },
        Spec = new V1IngressClassSpec { Controller = controller },
    };

    /// <param name="annotations">Without their prefix.</param>
    public static V1Ingress Ingress(string name, V1IngressRule[] rules, params (string Name, string Value)[] annotations) => new()
    {
        ApiVersion = "networking.k8s.io/v1",
        Kind = "Ingress",
        Metadata = new V1ObjectMeta
        {
            Name = name,
            NamespaceProperty = "default",
            Uid = name,
            Annotations = annotations.ToDictionary(pair => "nginx.ingress.kubernetes.io/" + pair.Name, pair => pair.Value),
        },
        Spec = new V1IngressSpec { IngressClassName = "flotilla", Rules = rules },
    };

    public static V1Ingress With(this V1Ingress ingress, Action<V1Ingress> change)
    {
        change(ingress);
        return ingress;
    }

    public static V1IngressRule Rule(string? host, params V1HTTPIngressPath[] paths) => new() { Host = host, Http = new V1HTTPIngressRuleValue { Paths = paths } };

    public static V1HTTPIngressPath Path(string path, string service, string type = "Prefix", int port = 80) =>
        new() { Path = path, PathType = type, Backend = Backend(service, port) };

    public static V1IngressBackend Backend(string service, int port = 80) =>
        new() { Service = new V1IngressServiceBackend { Name = service, Port = new V1ServiceBackendPort { Number = port } } };

    public static V1Service Service(string name, string? appProtocol = null) => new()
    {
        ApiVersion = "v1",
        Kind = "Service",
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" },
        Spec = new V1ServiceSpec { ClusterIP = "10.96.1.1", Ports = [new V1ServicePort { Name = "http", Port = 80, Protocol = "TCP", AppProtocol = appProtocol }] },
    };

    public static V1EndpointSlice Slice(string service, string name, int port, bool ready = true, bool serving = true, string address = "127.0.0.1") => new()
    {
        ApiVersion = "discovery.k8s.io/v1",
        Kind = "EndpointSlice",
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default", Labels = new Dictionary<string, string> { ["kubernetes.io/service-name"] = service } },
        AddressType = "IPv4",
        Ports = [new Discoveryv1EndpointPort { Name = "http", Port = port, Protocol = "TCP" }],
        Endpoints = [new V1Endpoint { Addresses = [address], Conditions = new V1EndpointConditions { Ready = ready, Serving = serving } }],
    };

    public static V1Secret Secret(string name, params (string Key, string Value)[] data) => new()
    {
        ApiVersion = "v1",
        Kind = "Secret",
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" },
        Data = data.ToDictionary(pair => pair.Key, pair => Encoding.UTF8.GetBytes(pair.Value)),
    };

    public static V1Secret Certificate(string name, string host)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={host}", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return Secret(name, ("tls.crt", certificate.ExportCertificatePem()), ("tls.key", key.ExportPkcs8PrivateKeyPem()));
    }
}
