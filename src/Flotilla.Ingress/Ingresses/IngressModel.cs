using Flotilla.Api;
using Flotilla.Ingress.Proxying;
using k8s.Models;

namespace Flotilla.Ingress.Ingresses;

/// <summary>All Ingresses of our classes, compiled.</summary>
/// <param name="Certificates">By host.</param>
/// <param name="Problems">Sentences for the user, by Ingress; without an entry all is well.</param>
internal sealed record IngressModel(
    IReadOnlyList<V1Ingress> Ingresses,
    IngressRouter Router,
    IReadOnlyDictionary<string, CertificateReference> Certificates,
    IReadOnlySet<ObjectKey> Secrets,
    IReadOnlyDictionary<ObjectKey, IReadOnlyList<string>> Problems);
