using Flotilla.Api;
using k8s.Models;

namespace Flotilla.Ingress.Secrets;

/// <summary>The Secrets that routes and listeners name.</summary>
internal interface ISecrets
{
    V1Secret? Get(ObjectKey key);
}
