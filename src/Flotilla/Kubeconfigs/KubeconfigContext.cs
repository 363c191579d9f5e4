using System.Text;
using Flotilla.Server.Identity;

namespace Flotilla.Kubeconfigs;

/// <summary>A cluster and who to be there, under one name.</summary>
internal sealed record KubeconfigContext(string Name, string Server, string AuthorityBase64, string CertificateBase64, string KeyBase64)
{
    public static KubeconfigContext For(string name, string server, string caPem, IssuedCertificate user) =>
        new(name, server, Encode(caPem), Encode(user.CertificatePem), Encode(user.KeyPem));

    private static string Encode(string pem) => Convert.ToBase64String(Encoding.UTF8.GetBytes(pem));
}
