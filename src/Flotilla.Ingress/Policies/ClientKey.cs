using System.Net;

namespace Flotilla.Ingress.Policies;

/// <summary>One client of one Ingress: what limits count by.</summary>
internal readonly record struct ClientKey(string Kind, string Namespace, string Name, IPAddress Client);
