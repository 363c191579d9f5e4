using System.Security.Authentication;
using Flotilla.Api;

namespace Flotilla.Ingress.Backends;

/// <summary>How pods prove themselves, and this proxy to them.</summary>
/// <param name="Secret">With <c>ca.crt</c>, by which pods are recognized, and <c>tls.crt</c> and <c>tls.key</c>, which they are shown.</param>
/// <param name="Verify">Whether a pod must prove itself.</param>
/// <param name="Depth">So many authorities may stand above a pod's certificate.</param>
/// <param name="Name">The name in a pod's certificate.</param>
/// <param name="SendsName">Whether pods are told whom the proxy asks for.</param>
/// <param name="Protocols">None: those that the machine allows.</param>
internal sealed record BackendTls(ObjectKey Secret, bool Verify, int Depth, string Name, bool SendsName, SslProtocols Protocols);
