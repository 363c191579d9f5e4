using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;

namespace Flotilla.Server.Tests.Certificates;

/// <summary>A key pair and the request for its certificate.</summary>
internal sealed class Csr : IDisposable
{
    public const string Api = "/apis/certificates.k8s.io/v1/certificatesigningrequests";

    private readonly ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly CertificateRequest request;

    public Csr(string subject, params string[] addresses)
    {
        request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        if (addresses.Length > 0)
        {
            var names = new SubjectAlternativeNameBuilder();
            Array.ForEach(addresses, address => names.AddIpAddress(IPAddress.Parse(address)));
            request.CertificateExtensions.Add(names.Build());
        }
    }

    public string KeyPem => key.ExportPkcs8PrivateKeyPem();

    public JsonObject Body(string name, string signer, params string[] usages) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = name },
        ["spec"] = new JsonObject
        {
            ["request"] = Convert.ToBase64String(Encoding.ASCII.GetBytes(request.CreateSigningRequestPem())),
            ["signerName"] = signer,
            ["usages"] = new JsonArray([.. usages.Select(usage => JsonValue.Create(usage))]),
        },
    };

    public static JsonObject With(JsonObject read, string type, string reason = "test")
    {
        var next = (JsonObject)read.DeepClone();
        if (next["status"]?["conditions"] is not JsonArray conditions)
        {
            next["status"] ??= new JsonObject();
            next["status"]!["conditions"] = conditions = [];
        }

        conditions.Add(new JsonObject { ["type"] = type, ["status"] = "True", ["reason"] = reason, ["message"] = "set by a test" });
        return next;
    }

    public void Dispose() => key.Dispose();
}
