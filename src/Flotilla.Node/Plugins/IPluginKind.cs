using Flotilla.Node.Plugins.Registration;
using Grpc.Core;

namespace Flotilla.Node.Plugins;

/// <summary>What the node does with plugins of one type. Called by one loop, one call at a time.</summary>
internal interface IPluginKind
{
    /// <summary>As plugins name it of themselves.</summary>
    string Type { get; }

    /// <exception cref="PluginException">It cannot be used as it is; the plugin is told why.</exception>
    /// <exception cref="RpcException">It does not answer.</exception>
    Task RegisterAsync(PluginInfo info, string endpoint, CancellationToken cancellationToken);

    /// <summary>Its socket is gone.</summary>
    Task ForgetAsync(string name, string endpoint, CancellationToken cancellationToken);

    /// <summary>What is due now and then, whether plugins come and go or not.</summary>
    Task LookAfterAsync(CancellationToken cancellationToken);
}

/// <summary>Why a plugin is not taken.</summary>
internal sealed class PluginException(string message) : Exception(message);
