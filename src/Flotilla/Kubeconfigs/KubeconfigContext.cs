using System.Text;
using Flotilla.Server.Identity;

namespace Flotilla.Kubeconfigs;

/// <summary>A cluster and who to be there, under one name.</summary>
internal sealed record KubeconfigContext(string Name, string Server, string AuthorityBase64, string CertificateBase64, string KeyBase64)
{
    // By which every server of a cluster proves itself.
    private const string AnyServer = "kubernetes";

    /// <summary>That the server proves; null: its address.</summary>
    public string? ServerName { get; private init; }

    /// <summary>At an address that may lead to any of the cluster's servers.</summary>
    public KubeconfigContext Through(string server) => this with { Server = server, ServerName = AnyServer };

    public static KubeconfigContext For(string name, string server, string caPem, IssuedCertificate user) =>
        new(name, server, Encode(caPem), Encode(user.CertificatePem), Encode(user.KeyPem));

    private static string Encode(string pem) => Convert.ToBase64String(Encoding.UTF8.GetBytes(pem));
}
