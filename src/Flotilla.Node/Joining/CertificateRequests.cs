using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Flotilla.Api;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Node.Joining;

/// <summary>Has a new key certified by the cluster. The key never leaves this machine.</summary>
internal static class CertificateRequests
{
    public const string ClientSigner = "kubernetes.io/kube-apiserver-client-kubelet";
    public const string ServingSigner = "kubernetes.io/kubelet-serving";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan FirstInterval = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestInterval = TimeSpan.FromMilliseconds(500);

    public static Task<string> ClientAsync(IObjectClient client, string node, TimeSpan lifetime, TimeProvider time, CancellationToken cancellationToken) =>
        RequestAsync(client, ClientSigner, "client auth", node, null, lifetime, time, cancellationToken);

    public static Task<string> ServingAsync(IObjectClient client, string node, IPAddress address, TimeSpan lifetime, TimeProvider time, CancellationToken cancellationToken)
    {
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(node);
        names.AddIpAddress(address);
        return RequestAsync(client, ServingSigner, "server auth", node, names.Build(), lifetime, time, cancellationToken);
    }

    /// <summary>Certificate and key as PEM.</summary>
    /// <exception cref="JoinException">It was refused, or nobody decided in time.</exception>
    private static async Task<string> RequestAsync(
        IObjectClient client, string signer, string usage, string node, X509Extension? names, TimeSpan lifetime, TimeProvider time, CancellationToken cancellationToken)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var subject = new X500DistinguishedNameBuilder();
        subject.AddOrganizationName("system:nodes");
        subject.AddCommonName($"system:node:{node}");
        var request = new CertificateRequest(subject.Build(), key, HashAlgorithmName.SHA256);
        if (names is not null)
        {
            request.CertificateExtensions.Add(names);
        }

        var asked = await client.CreateAsync(
            new V1CertificateSigningRequest
            {
                ApiVersion = "certificates.k8s.io/v1",
                Kind = "CertificateSigningRequest",
                Metadata = new V1ObjectMeta { GenerateName = "node-csr-" },
                Spec = new V1CertificateSigningRequestSpec
                {
                    Request = Encoding.ASCII.GetBytes(request.CreateSigningRequestPem()),
                    SignerName = signer,
                    Usages = ["digital signature", usage],
                    ExpirationSeconds = (int)lifetime.TotalSeconds,
                },
            },
            cancellationToken);
        var certificate = await WaitAsync(client, asked.Key(), time, cancellationToken);
        return $"{certificate.Trim()}\n{key.ExportPkcs8PrivateKeyPem()}\n";
    }

    private static async Task<string> WaitAsync(IObjectClient client, ObjectKey key, TimeProvider time, CancellationToken cancellationToken)
    {
        var (start, interval) = (time.GetTimestamp(), FirstInterval);
        while (true)
        {
            var request = await client.GetAsync<V1CertificateSigningRequest>(key, cancellationToken);
            if (request.Status?.Certificate is { Length: > 0 } issued)
            {
                return Encoding.ASCII.GetString(issued);
            }

            if (request.Status?.Conditions?.FirstOrDefault(condition => condition.Type is "Denied" or "Failed") is { } refused)
            {
                throw new JoinException($"The cluster refuses this machine: {refused.Message}.");
            }

            if (time.GetElapsedTime(start) > Patience)
            {
                throw new JoinException($"Nobody has approved the certificate request {key.Name} within {Patience.TotalSeconds:0} s; see 'kubectl describe csr {key.Name}' and the server's log.");
            }

            await Task.Delay(interval, time, cancellationToken);
            interval = interval * 2 < LongestInterval ? interval * 2 : LongestInterval;
        }
    }
}
