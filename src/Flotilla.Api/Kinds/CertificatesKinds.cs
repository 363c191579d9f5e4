using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds.Certificates;
using Flotilla.Api.Printing;

namespace Flotilla.Api.Kinds;

public static class CertificatesKinds
{
    public static readonly Kind CertificateSigningRequest = new("certificates.k8s.io", "v1", "certificatesigningrequests", "CertificateSigningRequest", Scope.Cluster)
    {
        ShortNames = ["csr"],
        HasStatus = true,
        Others = [new("approval", new("certificates.k8s.io", "v1", "CertificateSigningRequest"), "get", "patch", "update")],
        Validate = SigningRequestRules.Check,
        ValidateName = _ => null,
        PrepareUpdate = (next, old) => next["spec"] = old["spec"]?.DeepClone(),
        SelectableFields = new Dictionary<string, string> { ["spec.signerName"] = "spec.signerName" },
        Columns =
        [
            Cells.Name, Cells.Age, Cells.Text("SignerName", "spec.signerName", absent: Cells.None), Cells.Text("Requestor", "spec.username"),
            new("RequestedDuration", (item, _) => item.Object("spec").Integer("expirationSeconds") is { } seconds ? Cells.Duration(TimeSpan.FromSeconds(seconds)) : Cells.None),
            new("Condition", (item, _) => Condition(item)),
        ],
    };

    public static IEnumerable<Kind> All => [CertificateSigningRequest];

    private static string Condition(JsonObject item)
    {
        var types = item.Object("status").Objects("conditions").Select(condition => condition.String("type")).ToList();
        var words = new[] { "Approved", "Denied", "Failed" }.Where(types.Contains).ToList();
        if (item.Object("status").String("certificate") is { Length: > 0 })
        {
            words.Add("Issued");
        }

        return words.Count == 0 ? "Pending" : string.Join(",", words);
    }
}
