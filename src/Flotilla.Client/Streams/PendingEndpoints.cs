using Microsoft.AspNetCore.Http;
namespace Flotilla.Client.Streams;
public static class RemoteCommandEndpoint { public static Task HandleAsync(HttpContext c, INodeStreams n, PodTarget t, ExecOptions o, bool attach) => throw new InvalidOperationException("exec, attach and port-forward are not served yet"); }
public static class PortForwardEndpoint { public static Task HandleAsync(HttpContext c, INodeStreams n, PodTarget t) => throw new InvalidOperationException("exec, attach and port-forward are not served yet"); }
